//! Measures cells and growth, and writes the report; `make bench` calls it.

use core::error::Error;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use warmstow_benches::growth;
use warmstow_benches::harness::{Clock, Cores, Effort, cells, measure, thread_counts};
use warmstow_benches::report::{block, load_all, summary, targets, with_block, write_page};
use warmstow_benches::results::{Instructions, Machine, Results, Row, load, of_criterion};
use warmstow_benches::{Cell, Kind, Subject, Visitor, visit_all};

const USAGE: &str = "usage: warmstow-benches measure FILE [--quick] [--threads N,N..] [--rally NS]
       warmstow-benches report FILE CRITERION INSTRUCTIONS FOLDER
       warmstow-benches record FOLDER
       warmstow-benches readme";

/// The name of a run's files in its report folder.
const REPORT: &str = "report";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["measure", file, ref options @ ..] => measure_all(Path::new(file), options),
        ["report", file, criterion, instructions, folder] => {
            report([file, criterion, instructions, folder].map(Path::new))
        }
        ["record", folder] => record(Path::new(folder)),
        ["readme"] => write_readme(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("warmstow-benches: {error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn Error>>;

/// Every subject in one cell.
struct Measurements<'a> {
    cell: Cell,
    effort: &'a Effort,
    clock: &'a Clock,
    cores: &'a Cores,
    rows: &'a mut Vec<Row>,
}

impl Visitor for Measurements<'_> {
    fn visit<S: Subject>(&mut self, name: &'static str, kind: Kind) {
        let cell = self.cell;
        let plain =
            cell.functions == 1 && cell.world().account_limit == warmstow_benches::World::FAR;
        // Parts and variants meet no account limit; they are shown where it is far.
        if kind == Kind::Part && !plain {
            return;
        }
        let subject = S::new(&cell.world());
        let found = measure(&subject, &cell, self.effort, self.clock, self.cores);
        self.rows.push(Row { subject: name.to_owned(), kind, cell, found });
    }
}

fn measure_all(file: &Path, options: &[&str]) -> Done {
    let (clock, cores) = (Clock::calibrated(), Cores::of_this_machine());
    let (mut quick, mut threads) = (false, thread_counts(cores.count()));
    let mut rally_ns = Effort::RALLY_NS;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match (*option, options.as_slice().first()) {
            ("--quick", _) => quick = true,
            ("--threads", Some(list)) => {
                threads = list.split(',').map(str::parse).collect::<Result<_, _>>()?;
                options.next();
            }
            ("--rally", Some(bound)) => {
                rally_ns = bound.parse()?;
                options.next();
            }
            _ => return Err(USAGE.into()),
        }
    }
    if threads.contains(&0) {
        return Err("a cell has at least one thread".into());
    }
    let mut results =
        Results { machine: Machine::here(&cores, &clock), quick, ..Results::default() };
    let mut effort = if quick { Effort::QUICK } else { Effort::FULL };
    effort.rally_ns = rally_ns;
    for cell in cells(&threads, quick) {
        eprintln!("{cell}");
        let rows = &mut results.cells;
        visit_all(&mut Measurements { cell, effort: &effort, clock: &clock, cores: &cores, rows });
    }
    eprintln!("growth of cost and memory");
    cores.pin(0);
    results.curves = growth::curves(&clock, quick);
    Ok(fs::write(file, serde_json::to_string(&results)?)?)
}

/// Puts the parts of a run together, writes its page and prints its tables.
#[expect(clippy::print_stdout, reason = "the tables are the result")]
fn report([file, criterion, instructions, folder]: [&Path; 4]) -> Done {
    let mut results = load(file)?;
    results.criterion = of_criterion(criterion);
    let counted = fs::read_to_string(instructions).unwrap_or_default();
    let counted = counted.lines().map(serde_json::from_str::<Instructions>);
    results.instructions = counted.collect::<Result<_, _>>()?;
    fs::create_dir_all(folder)?;
    write_page(&results, folder, REPORT)?;
    println!("\n{}", summary(&results));
    for target in targets(&results) {
        let measured =
            target.measured.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        println!("{:>12}  {:<75} {measured:>9}", target.verdict.to_string(), target.must);
    }
    println!("\nReport page: {}", folder.join(format!("{REPORT}.md")).display());
    Ok(())
}

/// Keeps a run among the committed results.
fn record(folder: &Path) -> Done {
    let results = load(&folder.join(format!("{REPORT}.json")))?;
    if results.quick {
        return Err("a quick run is not kept: run `make bench`".into());
    }
    write_page(&results, &kept(), &results.machine.slug())?;
    write_readme()
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results")
}

fn write_readme() -> Done {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let block = block(&load_all(&kept())?);
    let readme = with_block(&fs::read_to_string(&path)?, &block);
    Ok(fs::write(path, readme.ok_or("README.md lacks the markers of the bench block")?)?)
}
