//! Gathers the languages: every `locales/TAG.ftl` is built into the crate.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder =
        Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("locales");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ftl"));
    files.sort();
    let mut code = String::from("const TEXTS: &[(&str, &str)] = &[\n");
    for path in files {
        let tag = path.file_stem().unwrap_or_default().to_string_lossy();
        let path = path.to_string_lossy();
        // Writing to a String cannot fail.
        let _ = writeln!(code, "    ({tag:?}, include_str!({path:?})),");
    }
    code.push_str("];\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("texts.rs"), code)
}
