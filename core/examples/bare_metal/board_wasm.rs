//! WebAssembly: no entry, but a function that the host calls.

use crate::workload;

pub(super) fn fail() -> ! {
    core::arch::wasm32::unreachable()
}

/// The checksum of the workload; 0 if it could not be set up.
// SAFETY: the name that the host calls, which no library defines.
#[unsafe(no_mangle)]
extern "C" fn checksum() -> u64 {
    workload::run().map_or(0, |(checksum, _)| checksum)
}
