//! What the typesetter can reach: its template, the report's content, fonts.
//! No file of the machine, no network, no clock.

use std::collections::HashMap;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

use super::content::Content;
use super::fonts::Fonts;
use crate::error::ReportError;

const TEMPLATE: &str = include_str!("../../assets/report.typ");

/// A typesetter's desk, with everything on it that it may use.
pub(super) struct Desk<'a> {
    library: LazyHash<Library>,
    fonts: &'a Fonts,
    template: Source,
    files: HashMap<FileId, Bytes>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(content: &Content, fonts: &'a Fonts) -> Result<Self, ReportError> {
        let mut files = HashMap::new();
        for (path, bytes) in &content.files {
            files.insert(file_id(path)?, Bytes::new(bytes.clone()));
        }
        let data = content.data.to_string();
        files.insert(file_id("content.json")?, Bytes::from_string(data));
        Ok(Self {
            library: LazyHash::new(Library::default()),
            fonts,
            template: Source::new(file_id("report.typ")?, TEMPLATE.to_owned()),
            files,
        })
    }
}

fn file_id(path: &str) -> Result<FileId, ReportError> {
    let path =
        VirtualPath::new(path).map_err(|problem| ReportError::Typesetting(problem.to_string()))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() {
            Ok(self.template.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    /// There is no today: the same report gives the same bytes.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
