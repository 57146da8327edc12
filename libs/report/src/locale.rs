//! Languages: which there are, and their texts. Adding a file to `locales/` is
//! enough for another one.

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

use crate::error::ReportError;

include!(concat!(env!("OUT_DIR"), "/texts.rs"));

/// The language whose texts are those of the service itself.
const OWN_LANGUAGE: &str = "en";

/// A language, with all its texts.
pub struct Locale {
    tag: &'static str,
    texts: FluentBundle<FluentResource>,
}

impl Locale {
    /// The language for a BCP 47 tag such as `en`, `ja-JP` or `zh-Hant-TW`:
    /// the one whose tag agrees with the most leading parts of it.
    pub fn negotiate(tag: &str) -> Result<Self, ReportError> {
        let unknown = || ReportError::UnknownLanguage {
            wanted: tag.chars().take(40).collect(),
            available: Self::available().collect::<Vec<_>>().join(", "),
        };
        let wanted: LanguageIdentifier = tag.parse().map_err(|_| unknown())?;
        let mut shorter = wanted.clone();
        let mut candidates = vec![wanted.to_string()];
        shorter.clear_variants();
        candidates.push(shorter.to_string());
        shorter.region = None;
        candidates.push(shorter.to_string());
        shorter.script = None;
        candidates.push(shorter.to_string());
        let (tag, source) = candidates
            .iter()
            .find_map(|candidate| TEXTS.iter().find(|(tag, _)| tag == candidate))
            .ok_or_else(unknown)?;
        Self::read(tag, source)
    }

    /// Tags of the languages that exist.
    pub fn available() -> impl Iterator<Item = &'static str> {
        TEXTS.iter().map(|(tag, _)| *tag)
    }

    /// The language's tag, as `lang` attributes want it.
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// Whether the sentences that come with a score are in this language.
    pub(crate) fn is_own(&self) -> bool {
        self.tag == OWN_LANGUAGE
    }

    /// A text without variables.
    pub(crate) fn text(&self, id: &str) -> String {
        self.format(id, None)
    }

    /// A text with variables.
    pub(crate) fn text_with(&self, id: &str, args: &FluentArgs<'_>) -> String {
        self.format(id, Some(args))
    }

    fn read(tag: &'static str, source: &str) -> Result<Self, ReportError> {
        let broken = |problem: String| ReportError::BrokenTexts {
            locale: tag.to_owned(),
            problem,
        };
        let language: LanguageIdentifier = tag
            .parse()
            .map_err(|problem| broken(format!("{problem:?}")))?;
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, problems)| broken(format!("{problems:?}")))?;
        let mut texts = FluentBundle::new_concurrent(vec![language]);
        // Names are isolated where they come in; numbers need no isolation.
        texts.set_use_isolating(false);
        texts
            .add_resource(resource)
            .map_err(|problems| broken(format!("{problems:?}")))?;
        Ok(Self { tag, texts })
    }

    /// A text that is missing shows its name: the tests see to it that none is.
    fn format(&self, id: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.texts.get_message(id).and_then(|found| found.value()) else {
            return id.to_owned();
        };
        self.texts
            .format_pattern(pattern, args, &mut Vec::new())
            .into_owned()
    }
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locale").field(&self.tag).finish()
    }
}
