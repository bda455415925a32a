//! How long a service waits before it tries again to start tasks that never run.
//!
//! Amazon ECS Developer Guide, "Service throttle logic": only tasks that go
//! from `PENDING` to `STOPPED` without `RUNNING` count, the time between
//! attempts grows up to a maximum (15 minutes in the last open text, 27 in
//! later ones), and a new task definition ends it. The curve is not published.
//! Ours: 10 s after the first failed round, doubled with every further one. A
//! round is what was started between two waits, so ten tasks that fail
//! together count once. A task that runs ends it too.

use crate::time::{Duration, Instant};

/// The wait of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    max: Duration,
    rounds: u32,
    resume: Instant,
}

impl Backoff {
    /// The wait after the first failed round.
    pub const FIRST: Duration = Duration::from_secs(10);
    /// The longest wait unless told otherwise.
    pub const MAX: Duration = Duration::from_secs(15 * 60);

    /// No wait yet, and none longer than `max`.
    pub const fn new(max: Duration) -> Self {
        Self { max, rounds: 0, resume: Instant::ZERO }
    }

    /// A task that was created then stopped without having run. True where a
    /// new wait begins.
    pub const fn failed(&mut self, now: Instant, created: Instant) -> bool {
        // Started before the last wait was over: of a round that has counted.
        if self.rounds > 0 && created.as_nanos() < self.resume.as_nanos() {
            return false;
        }
        self.rounds = self.rounds.saturating_add(1);
        self.resume = now.after(self.wait());
        true
    }

    /// A task ran, or the service has a new task definition: no wait.
    pub const fn reset(&mut self) {
        self.rounds = 0;
        self.resume = Instant::ZERO;
    }

    /// When tasks may be started again, if that is later than `now`.
    pub const fn waits_until(&self, now: Instant) -> Option<Instant> {
        if now.as_nanos() < self.resume.as_nanos() { Some(self.resume) } else { None }
    }

    /// How many rounds have failed one after the other.
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    const fn wait(&self) -> Duration {
        let doubled = self.rounds.saturating_sub(1);
        let nanos = if doubled >= 32 { u64::MAX } else { Self::FIRST.as_nanos() << doubled };
        if nanos < self.max.as_nanos() { Duration::from_nanos(nanos) } else { self.max }
    }
}
