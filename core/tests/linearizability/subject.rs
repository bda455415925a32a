//! What is driven: a region, and regions that are wrong now and then.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use warmstow_core::concurrency::ThrottleReason;
use warmstow_core::function::{Invocation, InvokeError, Region};
use warmstow_core::id::{FunctionId, InstanceId, Lane};
use warmstow_core::time::Instant;

use super::workload::Held;

/// Every instance is idle for this long as soon as it is idle at all.
pub(crate) const NOW: Instant = Instant::from_nanos(0);

/// A region as the threads of the workload use it. The defaults are the
/// region's own answers; a broken twin replaces one of them.
pub(crate) trait Subject: Sync {
    fn region(&self) -> &Region;

    fn invoke(&self, thread: usize, function: FunctionId) -> Result<Invocation, InvokeError> {
        // The one line that chooses how the data plane is entered.
        self.region().invoke_in(NOW, function, Lane::new(u32::try_from(thread).unwrap_or(0)))
    }

    fn complete(&self, held: Held) -> Option<InstanceId> {
        self.region().complete(NOW, held.lease).expect("a live lease")
    }

    /// Whether the setting reaches the region.
    fn obeys(&self) -> bool {
        true
    }
}

impl Subject for &Region {
    fn region(&self) -> &Region {
        self
    }
}

/// True once in `every` calls.
pub(crate) struct Rarely {
    calls: AtomicU64,
    every: u64,
}

impl Rarely {
    pub(crate) const fn once_in(every: u64) -> Self {
        Self { calls: AtomicU64::new(0), every }
    }

    fn now(&self) -> bool {
        // ORDERING: Relaxed: a count.
        self.calls.fetch_add(1, Ordering::Relaxed) % self.every == self.every - 1
    }
}

/// A way in which a region can be wrong.
pub(crate) enum Fault {
    /// Refuses now and then without a look.
    RefusesEarly,
    /// Idle instances get lost now and then.
    LosesIdle,
    /// A setting of the account's limit gets lost now and then.
    LosesSetting,
    /// Names now and then an instance that it gave to another request.
    GivesTwice(AtomicU64),
    /// The region's limit is far away; here it is looked at first and the unit
    /// added afterwards, so that two can pass where there is room for one.
    ChecksThenAdds { in_flight: AtomicU32, limit: u32 },
}

pub(crate) struct Broken<'a> {
    pub(crate) region: &'a Region,
    pub(crate) fault: Fault,
    pub(crate) rarely: Rarely,
}

const REFUSED: InvokeError =
    InvokeError::Throttled(ThrottleReason::ConcurrentInvocationLimitExceeded);

impl Subject for Broken<'_> {
    fn region(&self) -> &Region {
        self.region
    }

    fn invoke(&self, thread: usize, function: FunctionId) -> Result<Invocation, InvokeError> {
        match &self.fault {
            Fault::RefusesEarly if self.rarely.now() => Err(REFUSED),
            Fault::GivesTwice(last) => {
                let mut invocation = self.region.invoke(NOW, function)?;
                // ORDERING: Relaxed: any instance given out before will do.
                let before = last.swap(invocation.instance.to_bits()[1], Ordering::Relaxed);
                if self.rarely.now()
                    && let Some(other) =
                        InstanceId::from_bits([invocation.instance.to_bits()[0], before])
                {
                    invocation.instance = other;
                }
                Ok(invocation)
            }
            Fault::ChecksThenAdds { in_flight, limit } => {
                // ORDERING: SeqCst: wrong at any ordering.
                if in_flight.load(Ordering::SeqCst) >= *limit {
                    return Err(REFUSED);
                }
                if self.rarely.now() {
                    std::thread::yield_now();
                }
                // ORDERING: SeqCst: as above.
                in_flight.fetch_add(1, Ordering::SeqCst);
                (&self.region).invoke(thread, function)
            }
            _ => (&self.region).invoke(thread, function),
        }
    }

    fn complete(&self, held: Held) -> Option<InstanceId> {
        let instance = held.instance;
        let stop = (&self.region).complete(held);
        match &self.fault {
            Fault::LosesIdle if self.rarely.now() => {
                // Taken out, and told to nobody.
                let _ = self.region.drain(NOW, instance);
                None
            }
            // One that was drained after it had been taken again.
            Fault::LosesIdle => None,
            Fault::ChecksThenAdds { in_flight, .. } => {
                // ORDERING: SeqCst: as in `invoke`.
                in_flight.fetch_sub(1, Ordering::SeqCst);
                stop
            }
            _ => stop,
        }
    }

    fn obeys(&self) -> bool {
        !(matches!(self.fault, Fault::LosesSetting) && self.rarely.now())
    }
}
