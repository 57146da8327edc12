//! Text that came from outside, made harmless to look at. What HTML must
//! escape is escaped where it is written.

use maud::{Markup, Render, html};
use unicode_segmentation::UnicodeSegmentation as _;

/// Longest name that is shown, in characters.
pub(crate) const NAME_CHARS: usize = 200;
/// Longest sentence or comment that is shown, in characters.
pub(crate) const PROSE_CHARS: usize = 2_000;

/// First strong isolate and its end (Unicode Standard Annex 9): text between
/// them cannot turn the direction of what stands around it.
const ISOLATE: char = '\u{2068}';
const END_OF_ISOLATE: char = '\u{2069}';

/// Foreign text without anything that controls, hides or turns around, and of
/// bounded length. As markup it is isolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign(String);

impl Foreign {
    /// A name: one line.
    pub(crate) fn name(text: &str) -> Self {
        Self(cut(&harmless(text, false), NAME_CHARS))
    }

    /// What a person wrote: line breaks stay.
    pub(crate) fn prose(text: &str) -> Self {
        Self(cut(&harmless(text, true), PROSE_CHARS))
    }

    /// Without isolation: where a text stands alone.
    pub(crate) fn alone(&self) -> &str {
        &self.0
    }

    /// Isolated by characters: for sentences, and where no markup can be.
    pub(crate) fn isolated(&self) -> String {
        format!("{ISOLATE}{}{END_OF_ISOLATE}", self.0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Render for Foreign {
    fn render(&self) -> Markup {
        html! { bdi { (self.0) } }
    }
}

/// A sentence of ours as markup: what is isolated in it becomes an element.
pub(crate) fn sentence(text: &str) -> Markup {
    let mut parts = text.split(ISOLATE);
    let first = parts.next().unwrap_or_default();
    html! {
        (first)
        @for part in parts {
            @let (foreign, ours) = part.split_once(END_OF_ISOLATE).unwrap_or((part, ""));
            bdi { (foreign) } (ours)
        }
    }
}

fn harmless(text: &str, keep_lines: bool) -> String {
    // A name of any length costs no more than what is shown of it.
    let text = text.chars().take(4 * PROSE_CHARS);
    let mut shown = String::new();
    let mut after_return = false;
    for c in text {
        match c {
            '\n' | '\u{2028}' | '\u{2029}' | '\u{85}' if keep_lines => {
                if !(c == '\n' && after_return) {
                    shown.push('\n');
                }
            }
            '\r' if keep_lines => shown.push('\n'),
            '\n' | '\u{2028}' | '\u{2029}' | '\u{85}' if c == '\n' && after_return => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => shown.push('⏎'),
            '\t' => shown.push(' '),
            _ if is_hidden(c) => {}
            _ if c.is_control() || turns_direction(c) || is_not_for_exchange(c) => {
                shown.push(char::REPLACEMENT_CHARACTER);
            }
            _ => shown.push(c),
        }
        after_return = c == '\r';
    }
    shown
}

/// Marks of direction and invisible characters, which make two different names
/// look the same. Joiners stay: some scripts are spelt with them.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{ad}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2060}'..='\u{2064}'
            | '\u{206a}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Embeddings, overrides and isolates.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Private use and non-characters: nobody knows what they look like.
fn is_not_for_exchange(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Cut between what people see as characters, with an ellipsis.
fn cut(text: &str, chars: usize) -> String {
    if text.chars().nth(chars).is_none() {
        return text.to_owned();
    }
    let mut left = chars.saturating_sub(1);
    let mut end = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        let length = cluster.chars().count();
        if length > left {
            break;
        }
        left -= length;
        end = at + cluster.len();
    }
    if end == 0 {
        // One letter with hundreds of accents.
        end = text
            .char_indices()
            .nth(left)
            .map_or(text.len(), |(at, _)| at);
    }
    format!("{}…", text[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_or_turns_around_is_shown_and_what_hides_is_gone() {
        let name = |text| Foreign::name(text).alone().to_owned();
        assert_eq!(name("gpj\u{202e}.exe\u{2066}"), "gpj\u{fffd}.exe\u{fffd}");
        assert_eq!(
            name("a\r\nb\nc\rd\te\x1b[2J\0"),
            "a⏎b⏎c⏎d e\u{fffd}[2J\u{fffd}"
        );
        assert_eq!(name("a\u{200b}\u{200f}\u{feff}b"), "ab");
        assert_eq!(name("می\u{200c}خواهم"), "می\u{200c}خواهم");
        assert_eq!(Foreign::prose("a\r\nb").alone(), "a\nb");
    }

    #[test]
    fn long_names_are_cut_between_letters() {
        let long = "ab".repeat(5_000);
        let shown = Foreign::name(&long);
        assert_eq!(shown.alone().chars().count(), NAME_CHARS);
        assert!(shown.alone().ends_with("ba…"));
        let accents = format!("e{}", "\u{301}".repeat(10_000));
        assert!(Foreign::name(&accents).alone().chars().count() <= NAME_CHARS);
        let families = "👨\u{200d}👩\u{200d}👧".repeat(100);
        let shown = Foreign::name(&families);
        assert!(shown.alone().ends_with("👧…"), "{}", shown.alone());
    }

    #[test]
    fn isolates_of_a_sentence_become_elements() {
        let name = Foreign::name("<b>");
        let text = format!("Step {} is done", name.isolated());
        assert_eq!(
            sentence(&text).into_string(),
            "Step <bdi>&lt;b&gt;</bdi> is done"
        );
    }
}
