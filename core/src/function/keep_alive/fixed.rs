//! One time for all: an instance that was idle for so long is stopped.

use super::{Gap, KeepAlive, Profile, Window};
use crate::time::{Duration, Instant};

/// Keeps every level warm for one time after its use.
///
/// What AWS Lambda was measured to do (10 minutes: mikhail.io, "When does a
/// cold start happen on AWS Lambda?", 2019) and OpenWhisk does by default.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    keep_alive: Duration,
}

impl Fixed {
    /// Keeps for `keep_alive`.
    pub const fn new(keep_alive: Duration) -> Self {
        Self { keep_alive }
    }
}

impl KeepAlive for Fixed {
    fn adopt(&mut self, _function: u32, _profile: Profile) {}

    fn handle_rise(&mut self, _now: Instant, _function: u32, _level: u32, _gap: Option<Duration>) {}

    fn window(&mut self, _now: Instant, _gap: Gap) -> Option<Window> {
        Some(Window::for_the_first(self.keep_alive))
    }
}
