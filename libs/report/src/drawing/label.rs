//! Words in a box: as many lines as there is room for.

use crate::foreign::Foreign;

/// A step's number and name in lines of at most `room` units, of which a font
/// of this size has one to its height. Only the number where the name would say nothing; no line where there is
/// not even room for the number.
pub(crate) fn lines(number: &str, name: &Foreign, room: f64, most: usize) -> Vec<String> {
    if text_width(number) > room + 0.5 {
        return Vec::new();
    }
    let text = format!("{number} {}", name.alone());
    let lines = wrapped(&text, room, most);
    let is_useful = room >= 4.0 && !name.is_empty();
    if is_useful {
        lines
    } else {
        vec![number.to_owned()]
    }
}

/// How wide a text is at most, in units of a font of size 1: narrow letters,
/// and full width for those beyond the alphabets of the West.
pub(crate) fn text_width(text: &str) -> f64 {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> f64 {
    match c {
        ' ' | '.' | ',' | 'i' | 'j' | 'l' | 'I' | 'f' | 't' | 'r' => 0.38,
        'm' | 'w' | 'M' | 'W' | '…' => 0.95,
        'A'..='Z' => 0.7,
        _ if u32::from(c) < 0x1100 => 0.6,
        _ => 1.02,
    }
}

/// Lines broken between words, or within a word that is wider than a line, the
/// last one ending in an ellipsis if not everything fits.
fn wrapped(text: &str, room: f64, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for piece in pieces(text) {
        let width = text_width(piece);
        if used > 0.0 && used + text_width(piece.trim_end()) > room {
            lines.push(String::new());
            used = 0.0;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(piece);
        }
        used += width;
    }
    let is_whole = lines.len() <= most;
    lines.truncate(most);
    for line in &mut lines {
        shorten(line, room, false);
    }
    if let (false, Some(last)) = (is_whole, lines.last_mut()) {
        shorten(last, room, true);
    }
    lines
}

/// Words with the space after them; wide letters one by one.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|c: char| c == ' ' || c == '-' || c == '_' || u32::from(c) >= 0x1100)
}

/// Cuts a line that is too wide, or that goes on elsewhere.
fn shorten(line: &mut String, room: f64, goes_on: bool) {
    let trimmed = line.trim_end().len();
    line.truncate(trimmed);
    let ellipsis = char_width('…');
    if !goes_on && text_width(line) <= room {
        return;
    }
    while text_width(line) + ellipsis > room && line.pop().is_some() {}
    let trimmed = line.trim_end().len();
    line.truncate(trimmed);
    line.push('…');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, room: f64) -> Vec<String> {
        lines("4", &Foreign::name(name), room, 3)
    }

    #[test]
    fn names_are_broken_between_words() {
        assert_eq!(of("Plug in the cable", 20.0), ["4 Plug in the cable"]);
        assert_eq!(of("Plug in the cable", 6.0), ["4 Plug in", "the cable"]);
        assert_eq!(of("ケーブルを接続する", 6.0), ["4 ケーブル", "を接続する"]);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(of("Incomprehensibilities", 6.0), ["4", "Incompre…"]);
        let cut = of("one two three four five six seven", 5.0);
        assert_eq!(cut.len(), 3);
        assert!(cut[2].ends_with('…'), "{cut:?}");
    }

    #[test]
    fn little_room_is_for_the_number() {
        assert_eq!(of("Plug in", 2.0), ["4"]);
        assert_eq!(of("Plug in", 0.05), [""; 0]);
        assert_eq!(of("", 9.0), ["4"]);
    }
}
