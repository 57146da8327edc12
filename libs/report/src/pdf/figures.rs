//! Drawings as files, with the colours of the page on paper.

use std::sync::LazyLock;

use crate::drawing::Drawing;
use crate::drawing::signs::{Sign, patterns, sample};

const PAGE: &str = include_str!("../../assets/page.css");
const DRAWING: &str = include_str!("../../assets/drawing.css");

/// The drawings' style sheet with the colours of the page's light scheme in
/// place of their names: a file by itself knows no names.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    let mut style = DRAWING.to_owned();
    for (name, colour) in light_colours() {
        style = style.replace(&format!("var({name})"), colour);
    }
    style
});

/// Name and value of every colour in the page's first rule.
pub(super) fn light_colours() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rule = PAGE
        .split_once(":root {")
        .and_then(|(_, rest)| rest.split_once('}'));
    let declarations = rule.map_or("", |(rule, _)| rule).split(';');
    declarations
        .filter_map(|declaration| declaration.trim().split_once(':'))
        .filter(|(name, _)| name.starts_with("--"))
        .map(|(name, value)| (name, value.trim()))
}

/// A drawing as a file, its texts in these families.
pub(super) fn file(drawing: &Drawing, families: &[&str]) -> Vec<u8> {
    drawing.file(&style(families)).into_bytes()
}

/// A sample of a sign as a file.
pub(super) fn sign_file(sign: Sign) -> Vec<u8> {
    let drawing = Drawing {
        id: "sign",
        title: String::new(),
        description: String::new(),
        width: 28.0,
        height: 16.0,
        content: maud::html! { (patterns()) (sample(sign)) },
    };
    drawing.file(&STYLE).into_bytes()
}

fn style(families: &[&str]) -> String {
    let quoted: Vec<String> = families
        .iter()
        .map(|family| format!("'{family}'"))
        .collect();
    format!("text {{ font-family: {}; }}\n{}", quoted.join(", "), *STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_colour_is_left() {
        assert!(!STYLE.contains("var("), "{}", *STYLE);
        assert!(light_colours().any(|(name, value)| name == "--accent" && value.starts_with('#')));
    }
}
