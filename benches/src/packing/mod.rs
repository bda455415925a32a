//! Offline packing on published instances: what `make packing` measures.
//!
//! * [`data`] reads the instances and what is known of them.
//! * [`run`] packs one within a time.
//! * [`table`] writes the results.

pub mod data;
pub mod run;
pub mod table;
