mod faults;
mod file;
