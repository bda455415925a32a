//! The C and C++ programs under sanitizers: addresses and undefined behaviour
//! with the shared library, data races with a static library that is
//! instrumented itself (a nightly compiler; skipped loudly without one).

mod build;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use build::Language::{self, C, Cpp};

fn source(path: &str) -> PathBuf {
    build::crate_dir().join(path)
}

/// Whether the compiler has a sanitizer; says so loudly where it has not.
fn compiles(flag: &str) -> bool {
    let program = build::scratch().join(format!("probe{flag}"));
    let mut compiler = build::compiler(C);
    compiler.arg(flag).arg(source("tests/c/tsan_shim.c")).arg("-shared").arg("-fPIC");
    let has = build::output(compiler.arg("-o").arg(&program)).status.success();
    if !has {
        build::skip(&format!("the compiler has no {flag}"));
    }
    has
}

fn under_address_sanitizer(language: Language, path: &str) {
    if !compiles("-fsanitize=address,undefined") {
        return;
    }
    let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let program = build::compile_with(language, &source(path), "asan", &flags);
    let printed = build::succeed(&mut Command::new(program));
    assert!(printed.contains(" passed, 0 failed"), "{path}: {printed}");
}

#[test]
fn address_c_misuse() {
    under_address_sanitizer(C, "tests/c/misuse.c");
}

#[test]
fn address_c_versions_misuse() {
    under_address_sanitizer(C, "tests/c/versions_misuse.c");
}

#[test]
fn address_c_threads() {
    under_address_sanitizer(C, "tests/c/threads.c");
}

#[test]
fn address_cpp_wrapper() {
    under_address_sanitizer(Cpp, "tests/cpp/wrapper.cpp");
}

/// The static library, instrumented for data races; `None` where that cannot be
/// built on this machine.
fn watched_library() -> Option<PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        const TARGET: &str = "x86_64-unknown-linux-gnu";
        if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
            build::skip("data races: only on x86_64 Linux");
            return None;
        }
        if !compiles("-fsanitize=thread") {
            return None;
        }
        let target = build::scratch().join("tsan");
        let mut cargo = Command::new("rustup");
        cargo
            .args(["run", "nightly", "cargo", "build", "-p", "warmstow-ffi", "--lib"])
            .args(["--target", TARGET, "--target-dir"])
            .arg(&target)
            .env(
                "RUSTFLAGS",
                "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer -Copt-level=1",
            )
            .env_remove("RUSTC")
            .env_remove("CARGO")
            .env_remove("RUSTUP_TOOLCHAIN")
            .current_dir(build::crate_dir());
        let built = cargo.output();
        let library = target.join(TARGET).join("debug/libwarmstow.a");
        match built {
            Ok(output) if output.status.success() && library.exists() => Some(library),
            Ok(output) => {
                let why = build::text(&output);
                build::skip(&format!("data races: no nightly build of the library: {why}"));
                None
            }
            Err(why) => {
                build::skip(&format!("data races: no rustup: {why}"));
                None
            }
        }
    };
    LIBRARY.get_or_init(build).clone()
}

/// Compiles a program for the thread sanitizer.
fn watched(path: &str, name: &str, flags: &[&str]) -> Option<PathBuf> {
    let library = watched_library()?;
    let program = build::scratch().join(name);
    let mut compiler = build::compiler(C);
    compiler
        .arg("-fsanitize=thread")
        .args(flags)
        .arg(source(path))
        .arg(source("tests/c/tsan_shim.c"))
        .arg(library)
        .args(["-pthread", "-ldl", "-lm", "-o"])
        .arg(&program);
    build::succeed(&mut compiler);
    Some(program)
}

/// Runs a program for the thread sanitizer to no report.
fn is_clean(program: &Path, arguments: &[&str]) {
    let options = format!("suppressions={}", source("tests/c/tsan.supp").display());
    let mut command = Command::new(program);
    let printed = build::succeed(command.args(arguments).env("TSAN_OPTIONS", options));
    assert!(printed.contains(" passed, 0 failed"), "{printed}");
    assert!(!printed.contains("WARNING: ThreadSanitizer"), "{printed}");
}

#[test]
fn threads_handoff() {
    if let Some(program) = watched("tests/c/handoff.c", "tsan_handoff", &[]) {
        is_clean(&program, &[]);
    }
}

/// The same with a host that touches a record after its lease has ended: that
/// the sanitizer sees it shows that it looks.
#[test]
fn threads_broken_handoff_is_seen() {
    if let Some(program) = watched("tests/c/handoff.c", "tsan_broken", &["-DBROKEN"]) {
        let output = build::output(&mut Command::new(program));
        let printed = build::text(&output);
        assert!(printed.contains("WARNING: ThreadSanitizer: data race"), "{printed}");
    }
}

#[test]
fn threads_c_host() {
    if let Some(program) = watched("examples/host.c", "tsan_host", &[]) {
        is_clean(&program, &["4", "20000"]);
    }
}

/// Without the calls that wait for a lock: what a contended lock orders happens
/// in the standard library, which is not instrumented.
#[test]
fn threads_closing_under_calls() {
    if let Some(program) = watched("tests/c/threads.c", "tsan_threads", &["-DWITHOUT_LOCKS"]) {
        is_clean(&program, &[]);
    }
}
