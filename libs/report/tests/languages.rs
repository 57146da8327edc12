//! Every language says everything.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use unic_langid::LanguageIdentifier;

/// The texts of every language, as they stand in its file.
fn files() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect()
}

/// Name of every message with the variables it uses.
fn messages(texts: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in texts.lines() {
        let is_message = line.starts_with(|c: char| c.is_ascii_lowercase());
        if let (true, Some((name, _))) = (is_message, line.split_once(" =")) {
            name.clone_into(&mut current);
            assert!(
                found.insert(current.clone(), BTreeSet::new()).is_none(),
                "{current} is there twice"
            );
        }
        for (at, _) in line.match_indices('$') {
            let name = line[at + 1..]
                .split(|c: char| !c.is_alphanumeric() && c != '-')
                .next()
                .unwrap();
            found.get_mut(&current).unwrap().insert(name.to_owned());
        }
    }
    found
}

#[test]
fn every_language_has_the_messages_of_english() {
    let files = files();
    let english = messages(&files["en"]);
    for (tag, texts) in &files {
        let names: Vec<_> = messages(texts).into_keys().collect();
        assert_eq!(names, english.keys().cloned().collect::<Vec<_>>(), "{tag}");
    }
}

#[test]
fn a_translation_uses_no_variable_that_english_lacks() {
    let files = files();
    let english = messages(&files["en"]);
    for (tag, texts) in &files {
        for (name, variables) in messages(texts) {
            assert!(
                variables.is_subset(&english[&name]),
                "{tag}: {name}: {variables:?}"
            );
        }
    }
}

#[test]
fn every_message_can_be_formatted() {
    for (tag, texts) in files() {
        let all = messages(&texts);
        let language: LanguageIdentifier = tag.parse().unwrap();
        let mut bundle = FluentBundle::new(vec![language]);
        bundle
            .add_resource(FluentResource::try_new(texts).unwrap())
            .unwrap();
        for (name, variables) in all {
            for value in [0, 1, 2, 12] {
                let mut args = FluentArgs::new();
                for variable in &variables {
                    args.set(variable.clone(), value);
                }
                let message = bundle.get_message(&name).unwrap();
                let mut problems = Vec::new();
                let text =
                    bundle.format_pattern(message.value().unwrap(), Some(&args), &mut problems);
                assert!(
                    problems.is_empty() && !text.is_empty(),
                    "{tag}: {name}: {problems:?}"
                );
            }
        }
    }
}

#[test]
fn every_text_is_used_somewhere() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    // These are put together from a stem and what it is about.
    let families = ["kind-", "seen-", "column-"];
    let unused: Vec<String> = messages(&files()["en"])
        .into_keys()
        .filter(|name| {
            let stem = name.strip_suffix("-means").unwrap_or(name);
            let is_family = families.iter().any(|family| name.starts_with(family));
            !is_family
                && !sources.contains(&format!("\"{name}\""))
                && !sources.contains(&format!("\"{stem}\""))
        })
        .collect();
    assert_eq!(unused, [""; 0]);
}

fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}
