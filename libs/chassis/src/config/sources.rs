//! Where values come from, each layer flattened into entries.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file;

/// The layers above the defaults, from the lowest to the highest: file, environment, flags.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    prefix: String,
    variables: Vec<(String, String)>,
    overrides: Vec<String>,
}

impl Sources {
    /// No layer at all: the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a TOML file, which must exist.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Takes from `variables` (usually `std::env::vars_os()`) those that begin with `prefix`, such
    /// as `SOPILOT_`.
    ///
    /// The rest of the name, in lower case and with `__` for `.`, is the key:
    /// `SOPILOT_SERVER__ADDRESS` sets `server.address`. An unknown key is a problem, but for the
    /// variables by which Kubernetes announces services, whose prefix the name of a service may
    /// happen to share. Name in `reserved` those that have another meaning, such as the one that
    /// holds the path of the configuration file.
    #[must_use]
    pub fn with_environment<K, V>(
        mut self,
        prefix: &str,
        reserved: &[&str],
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self
    where
        K: Into<std::ffi::OsString>,
        V: Into<std::ffi::OsString>,
    {
        prefix.clone_into(&mut self.prefix);
        self.variables = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let name = name.into().into_string().ok()?;
                let ours = name.starts_with(prefix) && !reserved.contains(&name.as_str());
                // Text that is not UTF-8 fails as a value, with its name, instead of being passed
                // over here.
                ours.then(|| (name, value.into().to_string_lossy().into_owned()))
            })
            .collect();
        // The environment has no order, messages should have one.
        self.variables.sort();
        self
    }

    /// Adds `key=value` pairs from the command line, such as `server.address=0.0.0.0:50051`.
    #[must_use]
    pub fn with_overrides<S: Into<String>>(mut self, pairs: impl IntoIterator<Item = S>) -> Self {
        self.overrides.extend(pairs.into_iter().map(Into::into));
        self
    }

    /// Every value of every layer, the lowest layer first. What cannot be read at all goes to
    /// `problems`. `schema` says which tables are sections.
    pub(super) fn entries(&self, schema: &Value, problems: &mut Vec<String>) -> Vec<Entry> {
        let mut entries = Vec::new();
        if let Some(path) = &self.file {
            file::read(path, schema, &mut entries, problems);
        }
        for (name, value) in &self.variables {
            let key = name[self.prefix.len()..].to_lowercase();
            entries.push(Entry {
                path: key.split("__").map(str::to_owned).collect(),
                value: Given::Text(value.clone()),
                origin: Origin::Variable(name.clone()),
            });
        }
        for pair in &self.overrides {
            match pair.split_once('=') {
                Some((key, value)) => entries.push(Entry {
                    path: key.trim().split('.').map(str::to_owned).collect(),
                    value: Given::Text(value.to_owned()),
                    origin: Origin::Flag,
                }),
                None => problems.push(format!("{pair}: write key=value (from the command line)")),
            }
        }
        entries
    }
}

/// One value of one layer.
#[derive(Debug)]
pub(super) struct Entry {
    /// Keys from the root to the value.
    pub(super) path: Vec<String>,
    pub(super) value: Given,
    pub(super) origin: Origin,
}

impl Entry {
    /// The key as people write it.
    pub(super) fn key(&self) -> String {
        self.path.join(".")
    }
}

/// A value as its layer writes it.
#[derive(Debug)]
pub(super) enum Given {
    /// The layer knows types.
    Typed(Value),
    /// The layer knows only text, whose type the schema decides.
    Text(String),
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag,
}

impl Origin {
    pub(super) fn file(path: &Path, line: usize) -> Self {
        Self::File {
            path: path.to_owned(),
            line,
        }
    }

    /// True for the variables that Kubernetes sets for each service in the namespace
    /// (`SOPILOT_CATALOG_SERVICE_HOST`, `SOPILOT_CATALOG_PORT_50051_TCP_ADDR`), which nobody wrote
    /// and nobody can correct.
    pub(super) fn is_service_link(&self) -> bool {
        let Self::Variable(name) = self else {
            return false;
        };
        let after_port = name.split_once("_PORT").map(|(_, rest)| rest);
        !name.contains("__")
            && (name.ends_with("_SERVICE_HOST")
                || name.contains("_SERVICE_PORT")
                || after_port.is_some_and(|rest| {
                    rest.is_empty()
                        || rest
                            .trim_start_matches('_')
                            .starts_with(|c: char| c.is_ascii_digit())
                }))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "from {}:{line}", path.display()),
            Self::Variable(name) => write!(f, "from the environment variable {name}"),
            Self::Flag => f.write_str("from the command line"),
        }
    }
}
