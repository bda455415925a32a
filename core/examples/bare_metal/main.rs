//! A scheduler on bare metal: no operating system and no allocator.
//!
//! Two functions of one account on a fleet of three nodes, and a pool by
//! itself, all in memory whose size the compiler knows, go through a scripted
//! workload that meets every limit. Each answer is folded into a checksum: the
//! same calls give the same answers on every target, so the checksum of an
//! emulated microcontroller is that of a host, bit for bit.
//!
//! ```text
//! cargo run -p warmstow-core --example bare_metal     on a host
//! make test-nostd                                     on the emulated chips too
//! ```
#![cfg_attr(any(target_os = "none", target_os = "unknown"), no_std, no_main)]

#[cfg(any(target_os = "none", target_os = "unknown"))]
mod board;
mod workload;

#[cfg(not(any(target_os = "none", target_os = "unknown")))]
#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    let (checksum, tally) = workload::run().expect("the memory is of the right size");
    println!("checksum {checksum:016x}");
    eprintln!("{tally:?}");
}

#[cfg(test)]
mod tests {
    use super::workload;

    #[test]
    fn the_script_meets_every_limit_and_is_the_same_twice() {
        let (checksum, tally) = workload::run().unwrap();
        assert_eq!(workload::run().unwrap(), (checksum, tally));
        assert!(tally.warm > 1_000 && tally.cold > 100, "{tally:?}");
        assert!(tally.throttled > 100, "{tally:?}");
        assert!(tally.no_instance > 20, "{tally:?}");
        assert!(tally.no_room > 100, "{tally:?}");
        assert!(tally.reaped > 20, "{tally:?}");
    }
}
