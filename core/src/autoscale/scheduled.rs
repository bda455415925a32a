//! Scheduled actions: bounds that change by the clock.
//!
//! Source: Application Auto Scaling User Guide, "Scheduled scaling". An action
//! sets the least or the largest capacity or both, and what is outside the new
//! bounds is brought to them at once, whatever cooldown is running.

use alloc::string::String;

use super::bounds::{Bounds, BoundsError};
use super::schedule::{Schedule, UnixSeconds};

/// A scheduled action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledAction {
    /// Its name, for explanations.
    pub name: String,
    /// When it is due.
    pub schedule: Schedule,
    /// From when it counts; `None`: from when it was added.
    pub start: Option<UnixSeconds>,
    /// Until when, inclusive; `None`: for ever.
    pub end: Option<UnixSeconds>,
    /// Its zone: seconds east of UTC.
    pub utc_offset_s: i32,
    /// The least capacity that it sets; `None` leaves it.
    pub min: Option<u32>,
    /// The largest capacity that it sets; `None` leaves it.
    pub max: Option<u32>,
}

impl ScheduledAction {
    /// One in UTC without start and end.
    pub const fn new(name: String, schedule: Schedule, min: Option<u32>, max: Option<u32>) -> Self {
        Self { name, schedule, start: None, end: None, utc_offset_s: 0, min, max }
    }

    /// The bounds that it makes of `bounds`.
    ///
    /// # Errors
    /// [`BoundsError`] where the one it sets is beyond the one that it leaves:
    /// then AWS's action fails and changes nothing.
    pub fn apply(&self, bounds: Bounds) -> Result<Bounds, BoundsError> {
        let (min, max) = (bounds.min(), bounds.max());
        Bounds::new(self.min.unwrap_or(min), self.max.unwrap_or(max))
    }
}

/// A scheduled action of a scaler, and how far it has been carried out.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) action: ScheduledAction,
    start: UnixSeconds,
    /// All that was due up to here is done.
    done: UnixSeconds,
    next: Option<UnixSeconds>,
}

impl Pending {
    pub(super) fn new(action: ScheduledAction, now: UnixSeconds) -> Self {
        // What is due at the very start is still to come.
        let start = action.start.unwrap_or(now);
        let mut pending =
            Self { action, start, done: start.max(now).saturating_sub(1), next: None };
        pending.next = pending.find_next();
        pending
    }

    fn find_next(&self) -> Option<UnixSeconds> {
        let offset = i64::from(self.action.utc_offset_s);
        let next = self.action.schedule.next(self.done, self.start, offset)?;
        self.action.end.is_none_or(|end| next <= end).then_some(next)
    }

    /// When it is due next.
    pub(super) const fn next(&self) -> Option<UnixSeconds> {
        self.next
    }

    /// The latest time at which it was due by `now`, if it has not been carried
    /// out since. Where several passed, they come to one.
    pub(super) fn take_due(&mut self, now: UnixSeconds) -> Option<UnixSeconds> {
        let first = self.next.filter(|due| *due <= now)?;
        let until = self.action.end.map_or(now, |end| end.min(now));
        let offset = i64::from(self.action.utc_offset_s);
        let last = self.action.schedule.last(until, self.start, offset);
        self.done = now;
        self.next = self.find_next();
        Some(last.unwrap_or(first).max(first))
    }
}
