//! C and C++ programs against the library: compiled with every warning an
//! error, run, and run again under valgrind.

mod build;

use std::path::{Path, PathBuf};
use std::process::Command;

use build::Language::{self, C, Cpp};

fn source(path: &str) -> PathBuf {
    build::crate_dir().join(path)
}

/// Compiles and runs a program; then again under valgrind where it is present.
fn passes(language: Language, path: &str) -> String {
    let program = build::compile(language, &source(path));
    let printed = build::succeed(&mut Command::new(&program));
    memcheck(&program, &[]);
    printed
}

/// Runs a program under valgrind's memcheck: no invalid access, no leak.
fn memcheck(program: &Path, arguments: &[&str]) {
    if !build::has("valgrind", "memcheck") {
        return;
    }
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--quiet", "--error-exitcode=9", "--leak-check=full"])
        .args(["--errors-for-leak-kinds=definite,indirect"])
        // One thread runs at a time: without turns a spinning one starves others.
        .arg("--fair-sched=yes")
        .arg(program)
        .args(arguments);
    build::succeed(&mut valgrind);
}

/// A program of checks ends with the line "N passed, 0 failed".
fn checks(language: Language, path: &str) {
    let printed = passes(language, path);
    assert!(printed.contains(" passed, 0 failed"), "{path}: {printed}");
}

#[test]
fn the_header_stands_alone_and_twice_in_c() {
    passes(C, "tests/c/include_twice.c");
}

#[test]
fn the_headers_stand_alone_and_twice_in_cpp() {
    passes(Cpp, "tests/cpp/include_twice.cpp");
}

#[test]
fn c_lifecycle() {
    checks(C, "tests/c/lifecycle.c");
}

#[test]
fn c_misuse() {
    checks(C, "tests/c/misuse.c");
}

#[test]
fn c_replay() {
    checks(C, "tests/c/replay.c");
}

#[test]
fn c_autoscale() {
    checks(C, "tests/c/autoscale.c");
}

#[test]
fn c_ecs() {
    checks(C, "tests/c/ecs.c");
}

#[test]
fn cpp_ecs() {
    checks(Cpp, "tests/cpp/ecs.cpp");
}

#[test]
fn c_packing() {
    checks(C, "tests/c/packing.c");
}

#[test]
fn cpp_packing() {
    checks(Cpp, "tests/cpp/packing.cpp");
}

#[test]
fn c_view() {
    checks(C, "tests/c/view.c");
}

#[test]
fn cpp_view() {
    checks(Cpp, "tests/cpp/view.cpp");
}

#[test]
fn c_scenario() {
    checks(C, "tests/c/scenario.c");
}

#[test]
fn cpp_scenario() {
    checks(Cpp, "tests/cpp/scenario.cpp");
}

#[test]
fn c_waiting() {
    checks(C, "tests/c/waiting.c");
}

#[test]
fn cpp_waiting() {
    checks(Cpp, "tests/cpp/waiting.cpp");
}

#[test]
fn c_tenants() {
    checks(C, "tests/c/tenants.c");
}

#[test]
fn c_versions() {
    checks(C, "tests/c/versions.c");
}

#[test]
fn c_versions_misuse() {
    checks(C, "tests/c/versions_misuse.c");
}

#[test]
fn c_keeper() {
    checks(C, "tests/c/keeper.c");
}

#[test]
fn c_rates() {
    checks(C, "tests/c/rates.c");
}

#[test]
fn c_handoff() {
    checks(C, "tests/c/handoff.c");
}

#[test]
fn c_settings() {
    checks(C, "tests/c/settings.c");
}

#[test]
fn c_threads() {
    checks(C, "tests/c/threads.c");
}

#[test]
fn cpp_wrapper() {
    checks(Cpp, "tests/cpp/wrapper.cpp");
}

#[test]
fn cpp_versions() {
    checks(Cpp, "tests/cpp/versions.cpp");
}

#[test]
fn cpp_no_memory() {
    // Not under valgrind, which puts its own allocator in the place of this one.
    let program = build::compile(Cpp, &source("tests/cpp/no_memory.cpp"));
    let printed = build::succeed(&mut Command::new(program));
    assert!(printed.contains(" passed, 0 failed"), "{printed}");
}

#[test]
fn c_quick_start() {
    let printed = passes(C, "tests/c/quickstart.c");
    let wanted = "0 s: cold start on instance 0\n1 s: warm start on instance 0\n\
                  2 s: warm start on instance 0\n";
    assert_eq!(printed, wanted);
}

/// What README shows is what is compiled and run here.
#[test]
fn readme_shows_the_quick_start() {
    let readme = std::fs::read_to_string(source("../README.md")).expect("README.md");
    let program = std::fs::read_to_string(source("tests/c/quickstart.c")).expect("quickstart.c");
    assert!(program.lines().count() < 45, "a quick start is short");
    assert!(
        readme.contains(&format!("```c\n{program}```")),
        "README.md does not show ffi/tests/c/quickstart.c word for word"
    );
}

/// The example hosts: some threads, few enough requests for valgrind.
#[test]
fn c_host() {
    host(C, "examples/host.c");
}

#[test]
fn cpp_host() {
    host(Cpp, "examples/host.cpp");
}

fn host(language: Language, path: &str) {
    let program = build::compile(language, &source(path));
    let printed = build::succeed(Command::new(&program).args(["4", "50000"]));
    assert!(printed.contains(" passed, 0 failed"), "{printed}");
    memcheck(&program, &["3", "2000"]);
}

/// The host against the static library: it needs no more than these libraries.
#[test]
fn c_host_links_the_static_library() {
    let program = build::scratch().join("c_host_static");
    let mut compiler = build::compiler(C);
    compiler
        .arg(source("examples/host.c"))
        .arg(build::library("libwarmstow.a"))
        .args(["-pthread", "-ldl", "-lm", "-lgcc_s"])
        .arg("-o")
        .arg(&program);
    build::succeed(&mut compiler);
    let printed = build::succeed(Command::new(&program).args(["2", "10000"]));
    assert!(printed.contains(" passed, 0 failed"), "{printed}");
}
