//! The least version of Rust is one number, wherever it is stated.

use std::path::Path;

fn read(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(file)).expect("a file of the project")
}

/// What stands between `before` and the next character that is no part of a version.
fn version_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    Some(&rest[..end])
}

#[test]
fn every_page_states_the_version_that_cargo_asks_for() {
    let cargo = read("Cargo.toml");
    let stated = version_after(&cargo, "rust-version = \"").expect("the workspace states it");
    let minor = stated.strip_prefix("1.").expect("Rust is at version 1");
    for (file, before) in [
        ("fuzz/Cargo.toml", "rust-version = \"1."),
        ("README.md", "Rust 1."),
        ("CONTRIBUTING.md", "Rust 1."),
    ] {
        let text = read(file);
        assert_eq!(version_after(&text, before), Some(minor), "{file}, after {before:?}");
    }
}
