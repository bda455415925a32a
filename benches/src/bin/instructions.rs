//! Instructions a pair, counted by valgrind: equal in every run, whatever else
//! the machine does.
//!
//! Without arguments it runs itself under callgrind twice for each subject and
//! prints one line of JSON each; with `SUBJECT PAIRS` it is what is counted.
//! The difference of two runs leaves out what starting and building take.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use warmstow_benches::harness::{Pattern, Requests};
use warmstow_benches::{Kind, Subject, Visitor, World, visit_all};

/// Pairs of the shorter and of the longer run.
const PAIRS: [u32; 2] = [1_000, 11_000];

struct Run {
    subject: String,
    pairs: u32,
}

impl Visitor for Run {
    fn visit<S: Subject>(&mut self, name: &'static str, _kind: Kind) {
        if name == self.subject {
            let world =
                World { functions: 1, instances: 64, account_limit: World::FAR, threads: 1 };
            let subject = S::new(&world);
            let pattern = Pattern::zipf(1, 0);
            Requests::new(&subject, 0, &pattern, 1).make(self.pairs);
        }
    }
}

struct Names(Vec<&'static str>);

impl Visitor for Names {
    fn visit<S: Subject>(&mut self, name: &'static str, _kind: Kind) {
        self.0.push(name);
    }
}

#[expect(clippy::print_stdout, reason = "the counts are the result")]
fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    if let (Some(subject), Some(pairs)) = (arguments.next(), arguments.next()) {
        let pairs = pairs.parse().unwrap_or(PAIRS[0]);
        visit_all(&mut Run { subject, pairs });
        return ExitCode::SUCCESS;
    }
    let Ok(program) = env::current_exe() else { return ExitCode::FAILURE };
    let mut names = Names(vec![]);
    visit_all(&mut names);
    for name in names.0 {
        let [few, many] = PAIRS.map(|pairs| instructions(&program, name, pairs));
        let (Some(few), Some(many)) = (few, many) else {
            eprintln!("SKIPPED: instruction counts (valgrind does not run here)");
            return ExitCode::from(1);
        };
        let per_pair = many.saturating_sub(few) as f64 / f64::from(PAIRS[1] - PAIRS[0]);
        println!("{}", serde_json::json!({ "subject": name, "per_pair": per_pair }));
    }
    ExitCode::SUCCESS
}

/// What callgrind counts in all; `None` where it does not run.
fn instructions(program: &Path, subject: &str, pairs: u32) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([subject, &pairs.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"))?.1;
    collected.trim().parse().ok()
}
