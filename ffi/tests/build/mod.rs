//! Builds the libraries as cargo leaves them for C, compiles programs against
//! them, and runs those.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The repository's include folder.
pub(crate) fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../include")
}

/// The crate's folder.
pub(crate) fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder for what the tests build.
pub(crate) fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// A library of this build: `cargo test` leaves none that C can link, so it is
/// built here, once, into the target folder that the test runs from.
pub(crate) fn library(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        // <target>/<profile>/deps/<test>
        let test = std::env::current_exe().expect("the test's own path");
        let folder = test.ancestors().nth(2).expect("a folder of the profile").to_path_buf();
        let target = folder.parent().expect("a target folder");
        // The profile that the test itself was built with, so that what cargo
        // has built for it is used again.
        let profile = if folder.ends_with("release") { "bench" } else { "test" };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build
            .args(["build", "-p", "warmstow-ffi", "--lib", "--profile", profile])
            .arg("--target-dir")
            .arg(target)
            .current_dir(crate_dir());
        succeed(&mut build);
        folder
    });
    let library = folder.join(name);
    assert!(library.exists(), "{} was not built", library.display());
    library
}

/// What a program of these tests is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    C,
    Cpp,
}

/// Compiles a source with every warning an error, links it against the shared
/// library, and returns the program.
pub(crate) fn compile(language: Language, source: &Path) -> PathBuf {
    compile_with(language, source, "plain", &[])
}

/// The same with more flags; `kind` keeps the programs apart.
pub(crate) fn compile_with(
    language: Language,
    source: &Path,
    kind: &str,
    flags: &[&str],
) -> PathBuf {
    let library = library("libwarmstow.so");
    let folder = library.parent().expect("the library's folder");
    let stem = source.file_stem().expect("a file").to_string_lossy();
    let program = scratch().join(match language {
        Language::C => format!("c_{stem}_{kind}"),
        Language::Cpp => format!("cpp_{stem}_{kind}"),
    });
    let mut compiler = compiler(language);
    compiler
        .args(flags)
        .arg(source)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(folder)
        .args(["-lwarmstow", "-pthread"])
        .arg(format!("-Wl,-rpath,{}", folder.display()));
    // The program looks for the library by its SONAME; for hosts `make ffi`
    // makes that link, which tests/documented.rs tests.
    let soname = folder.join("libwarmstow.so.0");
    if !soname.exists() {
        // Another test may have made it meanwhile: the check below decides.
        let _ = std::os::unix::fs::symlink("libwarmstow.so", &soname);
    }
    assert!(soname.exists(), "{} is missing", soname.display());
    succeed(&mut compiler);
    program
}

/// The compiler with the flags that every program must pass.
pub(crate) fn compiler(language: Language) -> Command {
    let (variable, default, standard) = match language {
        Language::C => ("CC", "cc", "-std=c99"),
        Language::Cpp => ("CXX", "c++", "-std=c++17"),
    };
    let mut compiler = Command::new(std::env::var_os(variable).unwrap_or_else(|| default.into()));
    compiler
        .args([standard, "-O1", "-g", "-Wall", "-Wextra", "-pedantic", "-Werror"])
        .args(["-Wshadow", "-Wconversion", "-D_POSIX_C_SOURCE=200809L"])
        .arg("-I")
        .arg(include());
    compiler
}

/// Runs a command to success and returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = output(command);
    let text = text(&output);
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    text
}

pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub(crate) fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// Whether a tool is on this machine; says so loudly where it is not.
pub(crate) fn has(tool: &str, what: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        skip(&format!("{what}: no {tool} on this machine"));
    }
    found
}

/// Says that something was not tested, past the capture of a test's output.
pub(crate) fn skip(what: &str) {
    // Nowhere to say it if there is no stderr.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}
