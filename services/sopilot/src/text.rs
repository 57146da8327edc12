//! Text for a terminal: foreign text made harmless, and numbers as people read them.

use std::fmt::Write as _;

/// `text` with everything escaped that could control a terminal or turn the reading direction
/// around: names come from whoever uploaded a file or wrote a list of steps.
pub(crate) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns_or_hides(c) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "{}", c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Seconds as `m:ss.s`, rounded to a tenth.
pub(crate) fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// Bytes with the binary unit that leaves a short number.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// `1 video`, `2 videos`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Marks and overrides of the reading direction (Unicode Standard Annex 9), and separators and
/// invisible characters that make two different names look the same.
fn turns_or_hides(c: char) -> bool {
    matches!(
        c,
        '\u{061c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_control_a_terminal() {
        assert_eq!(safe("a\x1b[2Jb\r\n"), "a\\u{1b}[2Jb\\r\\n");
        assert_eq!(safe("gpj\u{202e}.exe"), "gpj\\u{202e}.exe");
        assert_eq!(safe("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(safe("Größe 手順 🎥"), "Größe 手順 🎥");
    }

    #[test]
    fn times_are_rounded_to_tenths_with_carry() {
        assert_eq!(clock(0.0), "0:00.0");
        assert_eq!(clock(59.96), "1:00.0");
        assert_eq!(clock(75.34), "1:15.3");
        assert_eq!(clock(3725.0), "62:05.0");
        assert_eq!(clock(-1.0), "0:00.0");
    }
}
