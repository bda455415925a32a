//! What the shared library exports is what the header declares, no more and no
//! less: a function that the generator overlooked would vanish silently.

extern crate alloc;

mod build;

use alloc::collections::BTreeSet;
use std::process::Command;

/// Names followed by a parenthesis at the start of a declaration.
fn declared() -> BTreeSet<String> {
    let header = std::fs::read_to_string(build::include().join("warmstow.h")).expect("the header");
    let declarations = header.lines().filter(|line| {
        line.starts_with("int32_t ")
            || line.starts_with("uint32_t ")
            || line.starts_with("const char *")
    });
    let name = |line: &str| {
        let head = line.split('(').next()?;
        head.rsplit([' ', '*']).next().map(str::to_owned)
    };
    declarations.filter_map(name).collect()
}

fn exported() -> BTreeSet<String> {
    let library = build::library("libwarmstow.so");
    let mut nm = Command::new("nm");
    let output = build::succeed(nm.args(["-D", "--defined-only", "--format=posix"]).arg(library));
    let name = |line: &str| line.split(' ').next().map(str::to_owned);
    output.lines().filter_map(name).collect()
}

#[test]
fn the_library_exports_what_the_header_declares() {
    let (declared, exported) = (declared(), exported());
    assert!(declared.len() > 30, "found {declared:?}");
    assert_eq!(exported, declared);
}

#[test]
fn the_library_has_its_soname() {
    let library = build::library("libwarmstow.so");
    let output = build::succeed(Command::new("readelf").arg("-d").arg(library));
    assert!(output.contains("[libwarmstow.so.0]"), "{output}");
}
