//! Everything stays until memory is short; then what was used longest ago goes.

use super::{Gap, KeepAlive, Profile, Window};
use crate::time::{Duration, Instant};

/// Least recently used goes first, under memory pressure; without pressure a
/// level goes when it was idle for one time.
///
/// With [`Duration::MAX`] it is plain caching: where the region has no fleet
/// there is no pressure, and nothing ever goes. With 10 minutes it is
/// OpenWhisk's `ContainerPool`.
#[derive(Clone, Copy, Debug)]
pub struct Lru {
    keep_alive: Duration,
}

impl Lru {
    /// Keeps for `keep_alive` at most.
    pub const fn new(keep_alive: Duration) -> Self {
        Self { keep_alive }
    }
}

impl KeepAlive for Lru {
    fn adopt(&mut self, _function: u32, _profile: Profile) {}

    fn handle_rise(&mut self, _now: Instant, _function: u32, _level: u32, _gap: Option<Duration>) {}

    fn window(&mut self, _now: Instant, _gap: Gap) -> Option<Window> {
        Some(Window::for_the_first(self.keep_alive))
    }
}
