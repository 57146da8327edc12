//! The style sheet, and the policy that allows it and nothing else.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::PreEscaped;
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("../../assets/page.css");
const DRAWING: &str = include_str!("../../assets/drawing.css");

/// Both parts as they stand in the page, to the byte: the policy has their
/// checksum.
static SHEET: LazyLock<String> = LazyLock::new(|| format!("{PAGE}{DRAWING}"));

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(SHEET.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{digest}'; \
         base-uri 'none'; form-action 'none'"
    )
});

/// What may be loaded: this style sheet and pictures that are part of the page.
pub(super) fn policy() -> &'static str {
    &POLICY
}

pub(super) fn sheet() -> PreEscaped<&'static str> {
    PreEscaped(&SHEET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_sheet_ends_it_or_loads_anything() {
        assert!(!SHEET.contains('<'));
        assert!(!SHEET.contains("http") && !SHEET.contains("@import"));
        // Patterns of the drawings are the only addresses.
        let addresses: Vec<_> = SHEET.match_indices("url(").collect();
        assert!(
            addresses
                .iter()
                .all(|(at, _)| SHEET[*at..].starts_with("url(#"))
        );
    }
}
