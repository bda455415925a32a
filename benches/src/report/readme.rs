//! README's figures: the block between two markers, from the committed results.

use core::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use super::page::target_table;
use super::table;
use crate::results::{self, Results};

const BEGIN: &str = "<!-- bench:begin (written by `make bench-record`) -->\n";
const END: &str = "<!-- bench:end -->";
/// Where results and their pages are kept, from the project's root.
const FOLDER: &str = "benches/results";

/// Every file of results in `folder`, by cores.
///
/// # Errors
///
/// A file cannot be read, or is not such a file.
pub fn load_all(folder: &Path) -> io::Result<Vec<Results>> {
    let mut all = vec![];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            all.push(results::load(&path)?);
        }
    }
    all.sort_by_key(|one| (one.machine.cores, one.machine.slug()));
    Ok(all)
}

/// What stands between the markers.
pub fn block(all: &[Results]) -> String {
    let mut text = String::new();
    for results in all {
        section(&mut text, results).expect("a string takes everything");
    }
    if all.is_empty() {
        text.push_str(
            "\nNo results of this version are kept yet: `make bench` measures it on your machine.\n",
        );
    }
    if all.iter().all(|one| one.machine.cores < 16) {
        text.push_str("\nSixteen cores: not measured on this version.\n");
    }
    text.push('\n');
    text
}

fn section(text: &mut String, results: &Results) -> core::fmt::Result {
    let machine = &results.machine;
    let slug = machine.slug();
    write!(
        text,
        "\n{}, {} cores, {} ([every figure]({FOLDER}/{slug}.md)):\n\n",
        machine.processor, machine.cores, machine.date
    )?;
    text.push_str(&table::summary(results));
    text.push('\n');
    text.push_str(&target_table(results));
    Ok(())
}

/// `readme` with `block` between its markers; `None` if it has none.
pub fn with_block(readme: &str, block: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{block}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_replaced_and_nothing_else() {
        let readme = format!("a\n{BEGIN}old{END}\nb\n");
        let new = with_block(&readme, "new\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}new\n{END}\nb\n"));
        assert_eq!(with_block(&new, "new\n").unwrap(), new);
        assert_eq!(with_block("no markers", "new"), None);
    }

    #[test]
    fn without_results_the_block_says_so() {
        let block = block(&[]);
        assert!(block.contains("No results") && block.contains("Sixteen cores: not measured"));
    }
}
