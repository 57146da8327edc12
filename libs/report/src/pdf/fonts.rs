//! Fonts: those that are part of the program, and those of the system.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::{fmt, fs};

use fontdb::Source;
use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;

/// Fonts to typeset with. Made once and kept: to look for the system's takes
/// about a second.
pub struct Fonts {
    book: LazyHash<FontBook>,
    slots: Vec<Slot>,
}

/// A font that is read when it is first used.
struct Slot {
    file: Arc<FontFile>,
    index: u32,
    font: OnceLock<Option<Font>>,
}

struct FontFile {
    path: PathBuf,
    /// Collections hold many fonts, and are read once.
    data: OnceLock<Option<Bytes>>,
}

impl Fonts {
    /// Only the fonts that are part of the program: Latin, Greek, Cyrillic. The
    /// same everywhere.
    pub fn embedded() -> Self {
        let mut fonts = Self {
            book: LazyHash::new(FontBook::new()),
            slots: Vec::new(),
        };
        for data in typst_assets::fonts() {
            let data = Bytes::new(data);
            let file = Arc::new(FontFile {
                path: PathBuf::new(),
                data: OnceLock::from(Some(data.clone())),
            });
            fonts.add(&file, &data);
        }
        fonts
    }

    /// The fonts that are part of the program, and those of this machine, for
    /// other scripts.
    pub fn with_system() -> Self {
        let mut fonts = Self::embedded();
        let mut found = fontdb::Database::new();
        found.load_system_fonts();
        // In the order of their paths, for fonts of the same name.
        let mut files = BTreeSet::new();
        for face in found.faces() {
            if let Source::File(path) = &face.source {
                files.insert(path.clone());
            }
        }
        for path in files {
            // A file that is gone by now is no font.
            if let Ok(data) = fs::read(&path) {
                let file = Arc::new(FontFile {
                    path,
                    data: OnceLock::new(),
                });
                fonts.add(&file, &data);
            }
        }
        fonts
    }

    /// All fonts of a file.
    fn add(&mut self, file: &Arc<FontFile>, data: &[u8]) {
        let mut index = 0;
        while let Some(info) = FontInfo::new(data, index) {
            self.book.push(info);
            self.slots.push(Slot {
                file: Arc::clone(file),
                index,
                font: OnceLock::new(),
            });
            index += 1;
        }
    }

    pub(super) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    pub(super) fn font(&self, index: usize) -> Option<Font> {
        self.slots.get(index)?.font()
    }

    /// Of these families, those that are there.
    pub(super) fn present<'a>(&self, families: &[&'a str]) -> Vec<&'a str> {
        let is_there = |family: &&&str| self.book.contains_family(&family.to_lowercase());
        families.iter().filter(is_there).copied().collect()
    }

    /// Whether any font can show a character.
    pub fn shows(&self, c: char) -> bool {
        let mut infos = (0..).map_while(|index| self.book.info(index));
        infos.any(|info| info.coverage.contains(u32::from(c)))
    }
}

impl Slot {
    fn font(&self) -> Option<Font> {
        let read = || Font::new(self.file.data()?, self.index);
        self.font.get_or_init(read).clone()
    }
}

impl FontFile {
    fn data(&self) -> Option<Bytes> {
        let read = || fs::read(&self.path).ok().map(Bytes::new);
        self.data.get_or_init(read).clone()
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fonts({})", self.slots.len())
    }
}
