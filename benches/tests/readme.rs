//! README's figures are those of the committed results.

use std::fs;
use std::path::Path;

use warmstow_benches::report::{block, load_all, with_block};

#[test]
fn readme_says_what_the_committed_results_say() {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let results = load_all(&benches.join("results")).expect("the results are readable");
    assert!(results.iter().all(|one| !one.quick), "a quick run is not kept");
    let path = benches.join("../README.md");
    let readme = fs::read_to_string(path).expect("the project has a README");
    let wanted = with_block(&readme, &block(&results)).expect("README has the markers");
    assert!(readme == wanted, "README is behind benches/results: run `make bench-readme`");
}
