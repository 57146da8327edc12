//! Characters that no font has.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::content::Content;
use super::fonts::Fonts;

/// Puts something that can be shown in place of what cannot; answers with what
/// was replaced, in the order of code points.
pub(super) fn replace_missing(content: &mut Content, fonts: &Fonts) -> Vec<char> {
    let stand_in = [char::REPLACEMENT_CHARACTER, '□']
        .into_iter()
        .find(|&c| fonts.shows(c))
        .unwrap_or('?');
    let mut glyphs = Glyphs {
        fonts,
        stand_in,
        known: BTreeMap::new(),
    };
    glyphs.walk(&mut content.data);
    for (path, file) in &mut content.files {
        if is_drawing(path)
            && let Ok(text) = std::str::from_utf8(file)
            && let Some(shown) = glyphs.replaced(text)
        {
            *file = shown.into_bytes();
        }
    }
    // What stands in for others is no news.
    let missing = glyphs.known.into_iter().filter(|(_, shown)| !shown);
    missing
        .map(|(c, _)| c)
        .filter(|&c| c != char::REPLACEMENT_CHARACTER)
        .collect()
}

struct Glyphs<'a> {
    fonts: &'a Fonts,
    stand_in: char,
    known: BTreeMap<char, bool>,
}

impl Glyphs<'_> {
    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(shown) = self.replaced(text) {
                    *text = shown;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.walk(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.walk(value)),
            _ => {}
        }
    }

    /// `None` if everything can be shown.
    fn replaced(&mut self, text: &str) -> Option<String> {
        if text.is_ascii() || text.chars().all(|c| self.is_shown(c)) {
            return None;
        }
        let shown = text
            .chars()
            .map(|c| if self.is_shown(c) { c } else { self.stand_in });
        Some(shown.collect())
    }

    fn is_shown(&mut self, c: char) -> bool {
        if c.is_ascii() || has_no_glyph(c) {
            return true;
        }
        let fonts = self.fonts;
        *self.known.entry(c).or_insert_with(|| fonts.shows(c))
    }
}

/// Drawings are text; pictures are not.
fn is_drawing(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "svg")
}

/// Joiners, isolates, selectors of variants: they shape their neighbours.
fn has_no_glyph(c: char) -> bool {
    matches!(
        c,
        '\u{200c}' | '\u{200d}' | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    )
}
