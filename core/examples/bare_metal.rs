//! A pool of instances on bare metal: no operating system and no allocator.
//!
//! The same file runs on a host (`cargo run -p warmstow-core --example
//! bare_metal`) and links as the whole program of a microcontroller (`make
//! nostd` does that for a Cortex-M4). There the time is the count of a timer
//! interrupt, and the pool's memory is an array whose size the compiler knows.
#![cfg_attr(target_os = "none", no_std, no_main)]

use warmstow_core::pool::{FixedPool, PoolConfig, Reaped};
use warmstow_core::time::{Duration, Instant};

/// Four instances, in place: the type says how many words they take.
const SHAPE: PoolConfig = PoolConfig::new(4);
type Instances = FixedPool<{ SHAPE.words() }>;

/// How long an instance may stay without a request.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What became of the requests.
#[derive(Debug, Default, PartialEq, Eq)]
struct Served {
    warm: u32,
    cold: u32,
    refused: u32,
    reaped: u32,
}

/// Every second for a minute a burst of requests arrives, of growing size; then
/// nothing until the instances have expired. `None` if the pool broke its word.
fn serve() -> Option<Served> {
    let pool = Instances::fixed(SHAPE).ok()?;
    let mut served = Served::default();
    for second in 0..60 {
        burst(&pool, Instant::from_secs(second), second / 10 + 1, &mut served)?;
    }
    let night = Instant::from_secs(60).after(KEEP_ALIVE);
    for slot in pool.reap(night, KEEP_ALIVE) {
        pool.stopped(slot).ok()?;
        served.reaped += 1;
    }
    (pool.tally().instances == 0).then_some(served)
}

/// `requests` at one instant, each of which takes half a second.
fn burst(pool: &Instances, now: Instant, requests: u64, served: &mut Served) -> Option<()> {
    let mut running = heapless::Vec::<_, 4>::new();
    for _ in 0..requests {
        if let Some(claim) = pool.claim(now) {
            served.warm += 1;
            running.push(claim).ok()?;
        } else if let Some(vacancy) = pool.begin() {
            let claim = vacancy.start(0);
            // The hardware of the instance is powered on here.
            pool.started(&claim.seat).ok()?;
            served.cold += 1;
            running.push(claim).ok()?;
        } else {
            served.refused += 1;
        }
    }
    let done = now.after(Duration::from_millis(500));
    for claim in running {
        let slot = claim.slot;
        pool.release(done, claim.seat).ok()?;
        let idle = pool.reap_one(done, KEEP_ALIVE, slot).ok()?;
        (idle == Reaped::Until(done.after(KEEP_ALIVE))).then_some(())?;
    }
    Some(())
}

#[cfg(not(target_os = "none"))]
#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    println!("{:?}", serve().expect("the pool keeps its word"));
}

#[cfg(target_os = "none")]
mod board {
    //! What a board's support crate brings: an entry, a panic handler and a
    //! critical section, which targets without 64-bit atomics need.

    use core::arch::asm;

    struct OneCore;
    critical_section::set_impl!(OneCore);

    // SAFETY: on the one core, with interrupts masked, nothing else runs; the
    // mask that was found is put back.
    unsafe impl critical_section::Impl for OneCore {
        unsafe fn acquire() -> bool {
            let masked: u32;
            // SAFETY: reads and sets PRIMASK, and touches nothing else.
            unsafe { asm!("mrs {}, PRIMASK", "cpsid i", out(reg) masked) };
            masked & 1 == 1
        }

        unsafe fn release(was_masked: bool) {
            if !was_masked {
                // SAFETY: interrupts were on when the section was entered.
                unsafe { asm!("cpsie i") };
            }
        }
    }

    /// The entry. A debugger reads the result in `r0`.
    // SAFETY: the linker's entry symbol, which no library defines.
    #[unsafe(no_mangle)]
    extern "C" fn _start() -> ! {
        let cold = super::serve().map_or(u32::MAX, |served| served.cold);
        loop {
            // SAFETY: waits for an interrupt.
            unsafe { asm!("wfi", in("r0") cold) };
        }
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        loop {
            // SAFETY: stops a debugger at the panic.
            unsafe { asm!("bkpt") };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_bursts_is_served_without_an_allocator() {
        // 10 s at each of 1 to 6 requests: 210 in all, four at a time at most,
        // so the last 20 bursts lose 1 and 2 requests each.
        let served = serve().unwrap();
        assert_eq!(served, Served { warm: 176, cold: 4, refused: 30, reaped: 4 });
    }
}
