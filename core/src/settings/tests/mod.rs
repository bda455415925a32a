//! What a settings file says, and what is said of a wrong one.

mod faults;
mod file;
