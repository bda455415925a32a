//! The published instances and what is known of each.
//!
//! They lie in `../shared/data/containers` beside the project, with their
//! sources and licences in `PROVENANCE.md` there. The archives are unpacked by
//! `tar` into a folder that the caller names.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use warmstow_core::placement::pack::{BinKind, Item, Problem};

/// One published instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// What it is summed under: class, number of items, dimensions.
    pub class: String,
    /// Itself.
    pub problem: Problem,
    /// The fewest bins, where they are proven.
    pub optimum: Option<u64>,
    /// The best of all published heuristics, where there are figures.
    pub published: Option<u64>,
}

/// A set of instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// The classes 1 to 6 of Vectorpack.
    New,
    /// Three items fill each bin: of Vectorpack.
    Triplet,
    /// Falkenauer's u120 and u250, one dimension.
    Uniform,
    /// Falkenauer's t120, t249 and t501, one dimension.
    Triplets,
}

impl Set {
    /// Every set.
    pub const ALL: [Self; 4] = [Self::New, Self::Triplet, Self::Uniform, Self::Triplets];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "New (vectors)",
            Self::Triplet => "Triplet (vectors)",
            Self::Uniform => "Falkenauer u120, u250",
            Self::Triplets => "Falkenauer t120, t249, t501",
        }
    }
}

/// Where the data lie; `None` where they are absent.
pub fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/containers");
    folder.is_dir().then_some(folder)
}

/// Reads a set; `work` is a folder for what is unpacked.
///
/// # Errors
///
/// A line that says which file cannot be read, and why.
pub fn read(set: Set, folder: &Path, work: &Path) -> Result<Vec<Instance>, String> {
    match set {
        Set::New => vectors(folder, work, "New"),
        Set::Triplet => vectors(folder, work, "Triplet"),
        Set::Uniform => uniform(folder),
        Set::Triplets => triplets(folder, work),
    }
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn unpack(archive: &Path, work: &Path) -> Result<(), String> {
    fs::create_dir_all(work).map_err(|error| format!("{}: {error}", work.display()))?;
    let status = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(work).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: tar ended with {status}", archive.display())),
        Err(error) => Err(format!("tar: {error}")),
    }
}

fn vectors(folder: &Path, work: &Path, set: &str) -> Result<Vec<Instance>, String> {
    let vbp = folder.join("vbp");
    unpack(&vbp.join(format!("{set}_instances.tar.gz")), work)?;
    let summary = text(&vbp.join(format!("{set}_summary_known.tsv")))?;
    let root = work.join(format!("{set}_instances_multidim"));
    let mut instances = vec![];
    for line in summary.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, _, optimum, published, ..] = cells[..] else { continue };
        let class = name.split('_').next().unwrap_or(name);
        let part = match class {
            "classC" => "Caprara",
            "classF" => "Falkenauer",
            other => other,
        };
        let problem = vbp_problem(&text(&root.join(part).join(format!("{name}.vbp")))?)
            .ok_or_else(|| format!("{name}: no .vbp file"))?;
        instances.push(Instance {
            class: name.rsplit_once('_').map_or(name, |(class, _)| class).to_owned(),
            name: name.to_owned(),
            problem,
            optimum: optimum.parse().ok(),
            published: published.parse().ok(),
        });
    }
    Ok(instances)
}

/// A problem in the form `.vbp`: dimensions, capacities, items; for each its
/// sizes and how many there are.
pub fn vbp_problem(text: &str) -> Option<Problem> {
    let mut numbers = text.split_ascii_whitespace().map(|word| word.parse::<i64>().ok());
    let mut next = || numbers.next().flatten();
    let dims = usize::try_from(next()?).ok()?;
    let capacity = (0..dims).map(|_| next()).collect::<Option<Vec<i64>>>()?;
    let items = (0..next()?)
        .map(|_| {
            let size = (0..dims).map(|_| next()).collect::<Option<Vec<i64>>>()?;
            Some(Item { demand: u32::try_from(next()?).ok()?, ..Item::new(size) })
        })
        .collect::<Option<Vec<Item>>>()?;
    Problem::new(vec![BinKind::new(capacity)], &items).ok()
}

fn line_problem(capacity: i64, sizes: &[i64]) -> Option<Problem> {
    let items: Vec<Item> = sizes.iter().map(|&size| Item::new(vec![size])).collect();
    Problem::new(vec![BinKind::new(vec![capacity])], &items).ok()
}

/// The optima of BPPLIB's names: where lower and upper bound meet.
fn optima(folder: &Path) -> Result<HashMap<String, u64>, String> {
    let bounds = text(&folder.join("bpp1d/bounds.tsv"))?;
    let line = |line: &str| -> Option<(String, u64)> {
        let mut cells = line.split('\t');
        let (name, lower, upper) = (cells.next()?, cells.next()?, cells.next()?);
        let lower: u64 = lower.parse().ok()?;
        (upper.parse() == Ok(lower)).then(|| (name.to_owned(), lower))
    };
    Ok(bounds.lines().filter_map(line).collect())
}

fn uniform(folder: &Path) -> Result<Vec<Instance>, String> {
    let optima = optima(folder)?;
    let mut instances = vec![];
    for file in ["falkenauer_binpack1.txt", "falkenauer_binpack2.txt"] {
        let text = text(&folder.join("bpp1d").join(file))?;
        let mut words = text.split_ascii_whitespace();
        let count: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        for _ in 0..count {
            let name = words.next().unwrap_or_default().to_owned();
            let mut next = || words.next().and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
            let (capacity, items, _) = (next(), next(), next());
            let sizes: Vec<i64> = (0..items).map(|_| next()).collect();
            let problem =
                line_problem(capacity, &sizes).ok_or_else(|| format!("{name}: no sizes"))?;
            let optimum = optima.iter().find(|(known, _)| known.ends_with(&name)).map(|o| *o.1);
            instances.push(Instance {
                class: name.split('_').next().unwrap_or(&name).to_owned(),
                name,
                problem,
                optimum,
                published: None,
            });
        }
    }
    Ok(instances)
}

fn triplets(folder: &Path, work: &Path) -> Result<Vec<Instance>, String> {
    unpack(&folder.join("bpp1d/falkenauer_triplets.tar.gz"), work)?;
    let mut instances = vec![];
    for size in ["120", "249", "501"] {
        let root = work.join("Triplets").join(size);
        let entries =
            fs::read_dir(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files {
            let text = text(&file)?;
            let words = text.split_ascii_whitespace();
            let numbers: Vec<i64> = words.filter_map(|word| word.parse().ok()).collect();
            let [count, capacity, sizes @ ..] = &numbers[..] else { continue };
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let problem =
                line_problem(*capacity, sizes).ok_or_else(|| format!("{name}: no sizes"))?;
            instances.push(Instance {
                class: format!("t{size}"),
                name,
                problem,
                optimum: u64::try_from(count / 3).ok(),
                published: None,
            });
        }
    }
    Ok(instances)
}
