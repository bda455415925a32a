//! Source rules that no lint knows, as ordinary tests over the files of the project.
//!
//! Every rule is a function from one file to its violations, so that the unit
//! tests at the bottom can show each rule biting on a bad sample. The rules
//! read text, not syntax: rustfmt's layout, which `make lint` holds, is what
//! makes that reliable.

use std::path::{Path, PathBuf};

/// Longest file, in lines.
const MAX_FILE_LINES: usize = 600;
/// Longest function, in lines from its `fn` to its closing brace.
const MAX_FN_LINES: usize = 70;
/// How many lines of code may stand between an ordering and its reason.
const ORDERING_REACH: usize = 3;

/// Modules that import nothing but each other.
const KERNEL: [&str; 5] = ["time", "id", "resources", "rng", "math"];

/// For each module above the kernel, what it may import besides itself and the kernel.
const LAYERS: [(&str, &[&str]); 11] = [
    ("sync", &[]),
    ("pool", &["sync"]),
    ("concurrency", &["sync"]),
    ("placement", &["sync"]),
    ("function", &["sync", "pool", "concurrency", "placement"]),
    ("cluster", &["placement"]),
    ("service", &["placement", "cluster"]),
    ("settings", &["pool", "placement", "function"]),
    ("cost", &[]),
    ("autoscale", &[]),
    ("trigger", &["concurrency"]),
];

/// May import everything; nothing imports them.
const TOP: [&str; 3] = ["lib", "sim", "internals"];

/// Words that core's production code never uses, and why.
const BANNED_IN_CORE: [(&str, &str); 12] = [
    ("Instant::now", "the caller passes the time"),
    ("SystemTime", "the caller passes the time"),
    ("thread::", "core never starts or parks a thread"),
    ("std::", "core is no_std"),
    ("HashMap", "its order differs from run to run; use a table by index"),
    ("HashSet", "its order differs from run to run; use a table by index"),
    ("print!(", "core never writes"),
    ("println!(", "core never writes"),
    ("eprintln!(", "core never writes"),
    ("Mutex", "the data plane is lock-free"),
    ("RwLock", "the data plane is lock-free"),
    ("todo!(", "finish it"),
];

/// Words that the bindings' production code never uses, and why.
const BANNED_IN_BINDINGS: [(&str, &str); 5] = [
    ("SystemTime", "the caller passes the time"),
    ("println!(", "a library does not write to its host's output"),
    ("eprintln!(", "a library does not write to its host's output"),
    ("todo!(", "finish it"),
    ("unimplemented!(", "finish it"),
];

/// Where a banned word is right all the same, and why.
const EXCEPTIONS: [(&str, &str); 1] = [
    // loom's scheduler is reached through the one door.
    ("thread::", "core/src/sync/mod.rs"),
];

/// The files of placement with atomics: strategies are pure functions.
const PLACEMENT_STATE: [&str; 2] =
    ["core/src/placement/capacity.rs", "core/src/placement/index.rs"];

/// Folders of policies: pure bookkeeping, without atomics.
const PURE: [&str; 2] = ["core/src/function/keep_alive/", "core/src/function/keeper/"];

/// Doors to atomics other than `crate::sync`.
const ATOMICS: [&str; 5] =
    ["core::sync::atomic", "std::sync::atomic", "portable_atomic", "loom::", "shuttle::"];

const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// One file of the project.
struct Source {
    /// From the project's root, with `/`.
    path: String,
    /// As it is on disk.
    text: String,
    /// The same lines without comments, and empty where only tests live.
    code: Vec<String>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let code = if is_test_file(path) {
            vec![String::new(); text.lines().count()]
        } else {
            production(text)
        };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{}: {what}", self.path, line + 1)
    }

    /// `pool` for `core/src/pool/slot.rs`, `time` for `core/src/time.rs`.
    fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("core/src/")?;
        inside.split('/').next().map(|first| first.trim_end_matches(".rs"))
    }

    /// Lines of production code that contain `word`.
    fn uses(&self, word: &str) -> impl Iterator<Item = usize> {
        let hits = self.code.iter().enumerate().filter(move |(_, line)| has_word(line, word));
        hits.map(|(number, _)| number)
    }
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("/model.rs")
}

/// Whether `line` has `word` with no letter, digit or `_` just before it.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The lines without comments; items under `#[cfg(test)]` are emptied.
fn production(text: &str) -> Vec<String> {
    let mut code: Vec<String> = text.lines().map(|line| without_comment(line).to_owned()).collect();
    let mut line = 0;
    while line < code.len() {
        let attribute = code[line].trim_start();
        if attribute.starts_with("#[cfg(test") || attribute.starts_with("#[cfg(all(test") {
            let end = item_end(&code, line);
            code[line..=end].fill(String::new());
            line = end;
        }
        line += 1;
    }
    code
}

/// What stands before `//`, unless that is part of an address.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The last line of the item whose attributes begin at `start`.
fn item_end(code: &[String], start: usize) -> usize {
    let indent = code[start].len() - code[start].trim_start().len();
    let close = format!("{}}}", " ".repeat(indent));
    let mut lines = code.iter().enumerate().skip(start);
    let end = lines.find(|(_, line)| {
        let own = line.len() - line.trim_start().len() == indent;
        own && (line.ends_with(';') || line.starts_with(&close) || line.ends_with("{}"))
    });
    end.map_or(code.len() - 1, |(at, _)| at)
}

// ---- rules for every file -------------------------------------------------

fn says_its_subject(source: &Source) -> Vec<String> {
    let first = source.text.lines().next().unwrap_or_default();
    if first.starts_with("//! ") { vec![] } else { vec![source.at(0, "begin with `//! subject`")] }
}

fn is_short_enough(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines <= MAX_FILE_LINES {
        return vec![];
    }
    vec![source.at(MAX_FILE_LINES, &format!("{lines} lines, {MAX_FILE_LINES} at most: split it"))]
}

fn functions_are_short(source: &Source) -> Vec<String> {
    let mut found = vec![];
    for (start, line) in source.code.iter().enumerate() {
        if !(has_word(line, "fn ") && line.contains('(')) || line.ends_with(';') {
            continue;
        }
        let lines = item_end(&source.code, start) - start + 1;
        if lines > MAX_FN_LINES {
            let what = format!("a function of {lines} lines, {MAX_FN_LINES} at most");
            found.push(source.at(start, &what));
        }
    }
    found
}

/// Notes to self, and `allow` where `expect` would notice that it is no longer needed.
fn is_finished(source: &Source) -> Vec<String> {
    // Spelled in halves so that this file passes its own rule.
    let notes = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut found = vec![];
    for (number, line) in source.text.lines().enumerate() {
        if notes.iter().any(|note| has_word(line, note)) {
            found.push(source.at(number, "a note to self: do it, or file it where others see it"));
        }
    }
    for number in 0..source.code.len() {
        let line = &source.code[number];
        if line.contains("#[allow(") || line.contains("#![allow(") {
            found.push(source.at(number, "use #[expect(.., reason = \"..\")]"));
        }
    }
    found
}

/// DESIGN: no drawer for everything.
fn has_a_subject_for_a_name(source: &Source) -> Vec<String> {
    let drawers = ["util", "utils", "common", "helper", "helpers", "misc"];
    let parts = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let drawer = parts.rev().find(|part| drawers.contains(part));
    drawer.map(|name| source.at(0, &format!("`{name}` names no subject"))).into_iter().collect()
}

// ---- rules for core -------------------------------------------------------

fn core_keeps_off(source: &Source) -> Vec<String> {
    let mut found = vec![];
    for (word, why) in BANNED_IN_CORE {
        if EXCEPTIONS.contains(&(word, &source.path)) {
            continue;
        }
        found.extend(source.uses(word).map(|line| source.at(line, &format!("`{word}`: {why}"))));
    }
    found
}

fn atomics_come_through_sync(source: &Source) -> Vec<String> {
    if source.module() == Some("sync") {
        return vec![];
    }
    let hits = ATOMICS.iter().flat_map(|door| source.uses(door));
    hits.map(|line| source.at(line, "atomics come from crate::sync")).collect()
}

/// kernel <- sync <- {pool, concurrency, placement} <- function; kernel <- cost; sim on top.
fn imports_point_down(source: &Source) -> Vec<String> {
    let Some(module) = source.module() else { return vec![] };
    if TOP.contains(&module) {
        return vec![];
    }
    let own = LAYERS.iter().find(|(name, _)| *name == module).map(|(_, below)| *below);
    let Some(below) = own.or_else(|| KERNEL.contains(&module).then_some(&[][..])) else {
        return vec![
            source.at(0, &format!("`{module}` has no place in the floor plan of tidy.rs")),
        ];
    };
    let mut found = vec![];
    for (line, import) in crate_paths(&source.code) {
        let strategy = module == "placement" && !PLACEMENT_STATE.contains(&&*source.path);
        let pure = strategy || PURE.iter().any(|folder| source.path.starts_with(folder));
        let below = below.iter().filter(|name| !(pure && **name == "sync"));
        let mut allowed = KERNEL.iter().chain(below).chain([&module]);
        let allowed = allowed.any(|name| *name == import);
        if !allowed {
            found.push(source.at(line, &format!("`{module}` must not import `{import}`")));
        }
    }
    found
}

/// The first names after each `crate::`, with their lines; groups are opened.
fn crate_paths(code: &[String]) -> Vec<(usize, String)> {
    let text = code.join("\n");
    let mut paths = vec![];
    for (at, door) in text.match_indices("crate::") {
        if text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = text[..at].matches('\n').count();
        let rest = &text[at + door.len()..];
        let names = if rest.starts_with('{') { group_heads(rest) } else { vec![head(rest)] };
        paths.extend(names.into_iter().map(|name| (line, name)));
    }
    paths
}

fn head(text: &str) -> String {
    let start = text.trim_start();
    start.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first names inside `{a::b, c::{d, e}}`: `a` and `c`.
fn group_heads(text: &str) -> Vec<String> {
    let mut depth = 0;
    let mut heads = vec![];
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && (c == '{' || c == ',') {
            heads.push(head(&text[at + 1..]));
        }
    }
    heads.retain(|name| !name.is_empty());
    heads
}

/// Each `Ordering::X` has `ORDERING:` in the comments or code just above.
fn orderings_are_argued(source: &Source) -> Vec<String> {
    let raw: Vec<&str> = source.text.lines().collect();
    let mut found = vec![];
    for line in source.uses("Ordering::") {
        let code = &source.code[line];
        if code.contains("Ordering::{") || code.contains("Ordering::*") {
            found.push(source.at(line, "write each ordering as `Ordering::X`"));
        } else if names_an_ordering(code) {
            if code.trim_start().starts_with("use ") {
                found.push(source.at(line, "write each ordering as `Ordering::X`"));
            } else if !is_argued(&raw, line) {
                found.push(source.at(line, "no `// ORDERING:` within 3 lines above"));
            }
        }
    }
    found
}

fn names_an_ordering(code: &str) -> bool {
    ORDERINGS.iter().any(|name| code.contains(&format!("Ordering::{name}")))
}

/// Walks up. Comments and the other ordering of the same call cost no reach.
fn is_argued(raw: &[&str], line: usize) -> bool {
    let mut reach = ORDERING_REACH;
    for number in (0..=line).rev() {
        let text = raw[number];
        if text.contains("ORDERING:") {
            return true;
        }
        let free = text.trim_start().starts_with("//") || names_an_ordering(text);
        if !free {
            if reach == 0 {
                return false;
            }
            reach -= 1;
        }
    }
    false
}

/// Every file is named by a `mod` of its parent: no dead files.
fn dead_files(sources: &[Source]) -> Vec<String> {
    let mut found = vec![];
    for source in sources {
        let path = Path::new(&source.path);
        let (folder, stem) = (path.parent().unwrap(), path.file_stem().unwrap());
        let (folder, name) = if stem == "mod" {
            (folder.parent().unwrap(), folder.file_name().unwrap())
        } else {
            (folder, stem)
        };
        if name == "lib" || name == "main" || folder.ends_with("bin") {
            continue;
        }
        let parents = [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")];
        let declaration = format!("mod {};", name.to_str().unwrap());
        let declared = sources.iter().any(|other| {
            let by_name = parents.iter().any(|at| at == Path::new(&other.path));
            by_name && other.text.contains(&declaration) || names_by_path(other, path)
        });
        if !declared {
            found.push(source.at(0, "no `mod` names this file"));
        }
    }
    found
}

/// Whether `source` has a `#[path = ".."]` that leads to `path`.
fn names_by_path(source: &Source, path: &Path) -> bool {
    let folder = Path::new(&source.path).parent().expect("a file is in a folder");
    let relative = path.strip_prefix(folder).ok().and_then(Path::to_str);
    relative.is_some_and(|relative| source.text.contains(&format!("#[path = {relative:?}]")))
}

// ---- rules for the bindings -----------------------------------------------

fn bindings_keep_off(source: &Source) -> Vec<String> {
    let banned = BANNED_IN_BINDINGS.iter();
    banned
        .flat_map(|(word, why)| {
            source.uses(word).map(move |line| source.at(line, &format!("`{word}`: {why}")))
        })
        .collect()
}

// ---- the project ----------------------------------------------------------

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("core is a folder of the project")
        .to_owned()
}

/// Every `.rs` below `folder` (relative to the root); none where it does not exist.
fn sources(folder: &str) -> Vec<Source> {
    let mut found = vec![];
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                let generated = ["target", "corpus", "artifacts", ".venv", "build"];
                if !generated.iter().any(|name| path.ends_with(name)) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root()).expect("found below the root");
                let relative = relative.to_str().expect("paths are ASCII").replace('\\', "/");
                let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
                found.push(Source::new(&relative, &text));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

type Rule = fn(&Source) -> Vec<String>;

fn hold(folders: &[&str], rules: &[Rule]) {
    let mut found = vec![];
    for source in folders.iter().flat_map(|folder| sources(folder)) {
        found.extend(rules.iter().flat_map(|rule| rule(&source)));
    }
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_file_is_in_order() {
    let rules: [Rule; 5] = [
        says_its_subject,
        is_short_enough,
        functions_are_short,
        is_finished,
        has_a_subject_for_a_name,
    ];
    hold(&["core", "ffi", "python", "benches", "fuzz"], &rules);
}

#[test]
fn core_is_sans_io_and_layered() {
    let rules: [Rule; 4] =
        [core_keeps_off, atomics_come_through_sync, imports_point_down, orderings_are_argued];
    assert!(!sources("core/src").is_empty(), "the rules found no file to read");
    hold(&["core/src"], &rules);
}

#[test]
fn bindings_stay_silent_and_argue_their_orderings() {
    hold(&["ffi/src", "python/src"], &[bindings_keep_off, orderings_are_argued]);
}

#[test]
fn no_file_is_dead() {
    let folders = ["core/src", "ffi/src", "python/src"];
    let found: Vec<String> =
        folders.iter().flat_map(|folder| dead_files(&sources(folder))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

// ---- each rule bites --------------------------------------------------------

#[track_caller]
fn bites(rule: Rule, path: &str, bad: &str, good: &str) {
    assert!(!rule(&Source::new(path, bad)).is_empty(), "passed the bad sample: {bad}");
    let found = rule(&Source::new(path, good));
    assert!(found.is_empty(), "refused the good sample: {found:?}");
}

#[test]
fn rules_for_every_file_bite() {
    let path = "core/src/pool/slot.rs";
    bites(says_its_subject, path, "use core::fmt;\n", "//! Slots.\n");
    bites(is_short_enough, path, &"\n".repeat(601), &"\n".repeat(600));
    let body =
        |lines| format!("impl A {{\n    fn f() {{\n{}    }}\n}}\n", "        g();\n".repeat(lines));
    bites(functions_are_short, path, &body(69), &body(68));
    bites(is_finished, path, concat!("// TO", "DO: later\n"), "// Later.\n");
    bites(is_finished, path, "#[allow(dead_code)]\n", "#[expect(dead_code)]\n");
    let bad = Source::new("core/src/pool/utils.rs", "");
    assert_eq!(has_a_subject_for_a_name(&bad).len(), 1);
}

#[test]
fn core_rules_bite() {
    let path = "core/src/pool/slot.rs";
    for (word, _) in BANNED_IN_CORE {
        bites(core_keeps_off, path, &format!("let a = {word};\n"), &format!("// not {word}\n"));
    }
    let door = "use core::sync::atomic::AtomicU64;\n";
    bites(atomics_come_through_sync, path, door, "use crate::sync::AtomicU64;\n");
    bites(
        core_keeps_off,
        path,
        "use std::vec;\n",
        "#[cfg(test)]\nmod tests {\n    use std::vec;\n}\n",
    );
    bites(
        core_keeps_off,
        path,
        "#[cfg(test)]\nmod tests {\n}\nfn f() { thread::park() }\n",
        "#[cfg(all(test, not(loom)))]\n#[path = \"t.rs\"]\nmod tests {\n    thread::park()\n}\n",
    );
}

#[test]
fn import_order_bites() {
    let own = "use crate::{pool::Pool, sync};\nuse crate::time::Instant;\n";
    let pool = "core/src/pool/mod.rs";
    bites(imports_point_down, pool, "use crate::concurrency::Gate;\n", own);
    bites(
        imports_point_down,
        pool,
        "use crate::{\n    time::Instant,\n    function::Lease,\n};\n",
        own,
    );
    bites(imports_point_down, "core/src/placement/fleet.rs", "let a = crate::pool::MAX;\n", "");
    bites(imports_point_down, "core/src/function/mod.rs", "use crate::sim::Replay;\n", own);
    bites(
        imports_point_down,
        "core/src/time.rs",
        "use crate::sync::AtomicU64;\n",
        "use crate::id;\n",
    );
    bites(imports_point_down, "core/src/cost/mod.rs", "use crate::function::Counters;\n", "");
    bites(imports_point_down, "core/src/pool/mod.rs", "use crate::Region;\n", own);
    let atomics = "use crate::sync::AtomicU64;\n";
    bites(imports_point_down, "core/src/placement/strategy.rs", atomics, "");
    bites(imports_point_down, "core/src/time.rs", atomics, "");
    assert!(imports_point_down(&Source::new(PLACEMENT_STATE[0], atomics)).is_empty());
    bites(imports_point_down, "core/src/function/keep_alive/fixed.rs", atomics, "");
    assert_eq!(imports_point_down(&Source::new("core/src/novel.rs", "")).len(), 1);
    let sim = Source::new("core/src/sim/mod.rs", "use crate::function::Region;\n");
    assert!(imports_point_down(&sim).is_empty());
}

#[test]
fn ordering_rule_bites() {
    let path = "core/src/pool/slot.rs";
    let argued = "// ORDERING: Relaxed: statistic only.\n";
    let call = "a.load(Ordering::Relaxed);\n";
    bites(orderings_are_argued, path, call, &format!("{argued}{call}"));
    bites(
        orderings_are_argued,
        path,
        &format!("{argued}b();\nb();\nb();\nb();\n{call}"),
        &format!("{argued}// More.\nb();\nb();\n{call}"),
    );
    bites(
        orderings_are_argued,
        path,
        "use crate::sync::Ordering::Relaxed;\n",
        "use crate::sync::Ordering;\n",
    );
    bites(
        orderings_are_argued,
        path,
        "use crate::sync::Ordering::{Acquire};\n",
        "a.cmp(Ordering::Less)\n",
    );
    bites(bindings_keep_off, "ffi/src/region.rs", "println!(\"\");\n", "// println!(\n");
}

#[test]
fn dead_file_rule_bites() {
    let parent = "//! Pools.\nmod slot;\n#[path = \"tests/slot.rs\"]\nmod tests;\n";
    let parent = Source::new("core/src/pool/mod.rs", parent);
    let tests = Source::new("core/src/pool/tests/slot.rs", "//! Tests.\n");
    let root = Source::new("core/src/lib.rs", "//! Core.\npub mod pool;\n");
    let slot = Source::new("core/src/pool/slot.rs", "//! Slots.\n");
    let dead = Source::new("core/src/pool/old.rs", "//! Old.\n");
    let found = dead_files(&[parent, root, slot, tests, dead]);
    assert_eq!(found, ["core/src/pool/old.rs:1: no `mod` names this file"]);
}
