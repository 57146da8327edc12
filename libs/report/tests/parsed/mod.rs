//! A page as html5ever, the parser of a browser, reads it.

use html5ever::parse_document;
use html5ever::tendril::TendrilSink as _;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// Everything that our pages are made of.
const ELEMENTS: [&str; 63] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "a",
    "header",
    "nav",
    "main",
    "footer",
    "section",
    "article",
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "div",
    "span",
    "strong",
    "s",
    "bdi",
    "q",
    "time",
    "blockquote",
    "figure",
    "figcaption",
    "img",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "svg",
    "g",
    "defs",
    "pattern",
    "rect",
    "path",
    "circle",
    "line",
    "polyline",
    "polygon",
    "text",
    "image",
    "desc",
    "br",
    "em",
    "small",
    "tfoot",
    "colgroup",
    "col",
    "hr",
];

pub(crate) struct Page(RcDom);

impl Page {
    pub(crate) fn parse(page: &str) -> Self {
        Self(parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(page))
    }

    /// No script, no handler, no style outside of the sheet, nothing loaded
    /// from anywhere, and a policy that says so.
    pub(crate) fn assert_harmless(&self) {
        for (name, attributes) in self.elements() {
            assert!(ELEMENTS.contains(&name.as_str()), "<{name}> {attributes:?}");
            for (attribute, value) in attributes {
                assert!(!attribute.starts_with("on"), "{attribute}");
                assert_ne!(attribute, "style");
                if ["href", "src", "xlink:href", "action", "srcdoc", "data"]
                    .contains(&attribute.as_str())
                {
                    let is_inside = value.starts_with('#') || value.starts_with("data:image/");
                    assert!(is_inside, "{attribute}={value}");
                }
            }
        }
        let policy = &self.attributes("meta", "content")[0];
        assert!(policy.starts_with("default-src 'none'; img-src data:; style-src 'sha256-"));
        assert!(!policy.contains("unsafe") && !policy.contains("script"));
        assert_eq!(
            self.elements()
                .iter()
                .filter(|(name, _)| name == "style")
                .count(),
            1
        );
        assert_eq!(
            self.elements()
                .iter()
                .filter(|(name, _)| name == "main")
                .count(),
            1
        );
    }

    /// The attribute of every element of a name, or of all with `*`.
    pub(crate) fn attributes(&self, element: &str, attribute: &str) -> Vec<String> {
        let elements = self.elements().into_iter();
        elements
            .filter(|(name, _)| element == "*" || name == element)
            .flat_map(|(_, attributes)| attributes)
            .filter(|(name, _)| name == attribute)
            .map(|(_, value)| value)
            .collect()
    }

    /// What can be read, the style sheet apart.
    pub(crate) fn text(&self) -> String {
        self.texts().concat()
    }

    /// Texts that begin to isolate something and do not end it, or end what
    /// they did not begin.
    pub(crate) fn texts_with_open_isolates(&self) -> Vec<String> {
        let mut texts = self.texts();
        texts.extend(
            self.elements()
                .into_iter()
                .flat_map(|(_, attributes)| attributes)
                .map(|(_, value)| value),
        );
        texts.retain(|text| {
            let count = |c: char| text.chars().filter(|&found| found == c).count();
            count('\u{2068}') != count('\u{2069}')
        });
        texts
    }

    /// An error names the heading that skips a level.
    pub(crate) fn headings_in_order(&self) -> Result<(), String> {
        let mut level = 0;
        for (name, _) in self.elements() {
            if let Some(found) = name
                .strip_prefix('h')
                .and_then(|level| level.parse::<u32>().ok())
            {
                if found > level + 1 {
                    return Err(name);
                }
                level = found;
            }
        }
        Ok(())
    }

    fn elements(&self) -> Vec<(String, Vec<(String, String)>)> {
        let mut elements = Vec::new();
        visit(&self.0.document, &mut |node| {
            if let NodeData::Element { name, attrs, .. } = &node.data {
                let attrs = attrs.borrow();
                let attributes = attrs
                    .iter()
                    .map(|attr| (attr.name.local.to_string(), attr.value.to_string()));
                elements.push((name.local.to_string(), attributes.collect()));
            }
            true
        });
        elements
    }

    fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        visit(&self.0.document, &mut |node| {
            if let NodeData::Text { contents } = &node.data {
                texts.push(contents.borrow().to_string());
            }
            !matches!(&node.data, NodeData::Element { name, .. } if &*name.local == "style")
        });
        texts
    }
}

fn visit(node: &Handle, see: &mut impl FnMut(&Handle) -> bool) {
    if see(node) {
        for child in node.children.borrow().iter() {
            visit(child, see);
        }
    }
}
