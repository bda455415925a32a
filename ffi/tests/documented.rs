//! The commands that README and the example hosts show, run as they stand: in a
//! fresh folder that has the repository's, with the libraries of this build in
//! place of release ones.

mod build;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

fn read(path: &str) -> String {
    let path = build::crate_dir().join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A folder that looks like a clone in which cargo has built the libraries.
fn clone(name: &str) -> PathBuf {
    let folder = build::scratch().join(format!("clone-{name}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the last run's folder can go");
    }
    let release = folder.join("target/release");
    std::fs::create_dir_all(&release).expect("a folder for the libraries");
    let root = build::crate_dir().canonicalize().expect("the crate's folder");
    let root = root.parent().expect("the repository");
    for part in ["include", "ffi", "Makefile"] {
        symlink(root.join(part), folder.join(part)).expect("a link to the repository");
    }
    for library in ["libwarmstow.so", "libwarmstow.a"] {
        symlink(build::library(library), release.join(library)).expect("a link to the library");
    }
    folder
}

/// What `make ffi` does after cargo has built.
fn make_ffi(folder: &Path) {
    let mut make = Command::new("make");
    // Not what an outer make was called with.
    for variable in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CARGO_TARGET_DIR"] {
        make.env_remove(variable);
    }
    build::succeed(make.args(["ffi", "CARGO=true"]).current_dir(folder));
    assert!(folder.join("target/release/libwarmstow.so.0").exists(), "make ffi made no link");
}

/// Runs the lines after `make ffi`, which comes first, and returns what they
/// print; they write into target/ alone, which git ignores.
fn run(name: &str, commands: &str) -> String {
    let (first, rest) = commands.split_once('\n').expect("several lines");
    assert_eq!(first.split('#').next().unwrap_or_default().trim(), "make ffi");
    let folder = clone(name);
    make_ffi(&folder);
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", rest]).current_dir(&folder).env_remove("LD_LIBRARY_PATH");
    let printed = build::succeed(&mut shell);
    let entries = std::fs::read_dir(&folder).expect("the folder");
    let mut left: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    left.sort();
    assert_eq!(left, ["Makefile", "ffi", "include", "target"], "{name} wrote beside target/");
    printed
}

#[test]
fn readme_quick_start_in_c() {
    if !build::has("make", "README's commands") {
        return;
    }
    let readme = read("README.md");
    let (_, section) = readme.split_once("\n## Quick start: C\n").expect("the section");
    let section = section.split("\n## ").next().expect("its end");
    let mut blocks = section.split("```sh\n").skip(1);
    let block = blocks.next().and_then(|rest| rest.split("```").next()).expect("a shell block");
    assert!(blocks.next().is_none(), "a second block would go untested");
    let once = "0 s: cold start on instance 0\n1 s: warm start on instance 0\n\
                2 s: warm start on instance 0\n";
    // With the shared library, then with the static one.
    assert_eq!(run("readme", block), once.repeat(2));
}

/// The commands in the comment that a host begins with, run for some requests.
fn host(path: &str) {
    if !build::has("make", path) {
        return;
    }
    let source = read(path);
    let comment = source.split("*/").next().expect("a comment");
    let lines = comment.lines().filter_map(|line| line.strip_prefix(" *   "));
    let commands = lines.collect::<Vec<_>>().join("\n");
    let usage = "[threads] [requests a thread]";
    assert!(commands.ends_with(usage), "{path}: {commands}");
    let name = path.rsplit('/').next().expect("a file");
    let printed = run(name, &commands.replace(usage, "2 2000"));
    assert!(printed.contains(" passed, 0 failed"), "{path}: {printed}");
}

#[test]
fn c_host_by_its_own_comment() {
    host("ffi/examples/host.c");
}

#[test]
fn cpp_host_by_its_own_comment() {
    host("ffi/examples/host.cpp");
}
