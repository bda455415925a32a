//! Tables, plots and README's block, all from one file of results.

mod page;
mod plot;
mod readme;
mod table;
mod targets;

pub use page::write_page;
pub use readme::{block, load_all, with_block};
pub use table::summary;
pub use targets::{Target, Verdict, targets};
