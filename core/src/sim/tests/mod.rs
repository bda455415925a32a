//! Unit tests that are longer than their subject leaves room for.

mod trace;
