//! One function as the keeper sees it: levels wanted warm, instances there are.
//!
//! ```text
//!   level    busy --fall--> idle, warm --window closes--> idle, cold
//!              ^             |   ^                          |  |
//!              +----rise-----+   +------window opens--------+  |
//!              +----rise---------------------------------------+
//! ```
//!
//! `wanted` counts the levels that are idle and warm. Instances that are idle,
//! and those that are being started ahead, shall be as many: each report ends
//! with [`Kept::reconcile`], which stops the surplus or starts what lacks.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::KeeperAction;
use crate::function::keep_alive::{Gap, KeepAlive, Window};
use crate::id::{FunctionId, InstanceId, SlotId};
use crate::time::{Duration, Instant};

/// A level and when it is to be looked at.
type Wake = Option<(u32, Instant)>;

/// Since when an instance is idle that no report was about.
const NEW: Instant = Instant::MAX;

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) function: FunctionId,
    /// Its place among the keeper's policies.
    pub(super) policy: usize,
    /// Level k is at k - 1.
    levels: Vec<Level>,
    /// Instances by slot.
    instances: Vec<Option<Tracked>>,
    busy: u32,
    /// Levels that are idle and warm.
    wanted: u32,
    /// Instances without a request that are not told to stop.
    idle: u32,
    /// Instances that are being started ahead.
    ahead: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// When it last became idle; `None`: it was never busy.
    since: Option<Instant>,
    /// It is idle and warm.
    warm: bool,
    /// When its window opens or closes, if one does.
    due: Option<Instant>,
    /// Where the window that is yet to open closes.
    closes: Option<Instant>,
    /// Its timer in the heap; an older one is not looked at.
    timer: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Tracked {
    slot: SlotId,
    in_flight: u32,
    idle_since: Instant,
    stopping: bool,
}

impl Kept {
    pub(super) const fn new(function: FunctionId, policy: usize) -> Self {
        Self {
            function,
            policy,
            levels: Vec::new(),
            instances: Vec::new(),
            busy: 0,
            wanted: 0,
            idle: 0,
            ahead: 0,
        }
    }

    // ---- reports ---------------------------------------------------------------

    /// A request has taken a seat of the instance in `slot`.
    pub(super) fn invoked(&mut self, now: Instant, rules: &mut dyn KeepAlive, slot: SlotId) {
        let tracked = self.tracked(slot);
        tracked.in_flight += 1;
        if tracked.in_flight > 1 {
            return;
        }
        // One that was told to stop took a request before the host came to it.
        let stopping = core::mem::take(&mut tracked.stopping);
        let warm = !stopping && tracked.idle_since != NEW;
        tracked.idle_since = now;
        self.idle -= u32::from(warm);
        self.rise(now, rules, warm);
    }

    /// A request of the instance in `slot` has ended.
    pub(super) fn ended(
        &mut self,
        now: Instant,
        rules: &mut dyn KeepAlive,
        slot: SlotId,
        stopping: bool,
    ) -> Wake {
        if self.instances.get(slot.index() as usize).is_none_or(Option::is_none) {
            // Busy since before the function was kept: known from now on.
            self.invoked(now, rules, slot);
        }
        let tracked = self.get_mut(slot).filter(|tracked| tracked.in_flight > 0)?;
        tracked.in_flight -= 1;
        if tracked.in_flight > 0 {
            return None;
        }
        (tracked.idle_since, tracked.stopping) = (now, stopping);
        self.idle += u32::from(!stopping);
        self.fall(now, rules, stopping)
    }

    /// An instance started ahead is idle from now on.
    pub(super) fn prepared(&mut self, now: Instant, slot: SlotId) {
        self.ahead = self.ahead.saturating_sub(1);
        self.find(now, slot);
    }

    /// It did not come up: the level that wanted it stays cold.
    pub(super) fn unprepared(&mut self) {
        if self.ahead > 0 {
            self.ahead -= 1;
            self.give_up();
        }
    }

    /// The instance in `slot` has stopped.
    pub(super) fn stopped(&mut self, slot: SlotId) {
        let Some(tracked) = self.get_mut(slot).copied() else { return };
        self.instances[slot.index() as usize] = None;
        if tracked.in_flight > 0 {
            self.busy -= 1;
        } else if !tracked.stopping {
            // Not by the keeper: what the host stops is not started again.
            self.idle -= 1;
            self.give_up();
        }
    }

    /// There is an idle instance in `slot`, if it was not known before.
    pub(super) fn find(&mut self, now: Instant, slot: SlotId) {
        let tracked = self.tracked(slot);
        if tracked.idle_since == NEW {
            tracked.idle_since = now;
            self.idle += 1;
        }
    }

    /// Another policy decides from now on: asks it about every idle level, and
    /// about as many as there are idle instances.
    pub(super) fn ask_anew(
        &mut self,
        now: Instant,
        rules: &mut dyn KeepAlive,
        mut wake: impl FnMut(u32, Instant),
    ) {
        let levels = (self.busy + self.idle) as usize;
        if levels > self.levels.len() {
            self.levels.resize(levels, Level::default());
        }
        let count = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        for level in self.busy + 1..=count {
            let at = level as usize - 1;
            self.cool(at);
            if at < levels {
                self.levels[at].since.get_or_insert(now);
            }
            if let Some((level, at)) = self.ask(now, rules, level) {
                wake(level, at);
            }
        }
    }

    // ---- levels ----------------------------------------------------------------

    /// One more instance is busy; `warm`: it was an idle one.
    fn rise(&mut self, now: Instant, rules: &mut dyn KeepAlive, warm: bool) {
        let at = self.busy as usize;
        self.busy += 1;
        if at >= self.levels.len() {
            self.levels.push(Level::default());
        }
        let gap = self.levels[at].since.map(|since| now.since(since));
        let expected = self.levels[at].warm;
        self.cool(at);
        if warm && !expected {
            // An instance kept for a higher level took it.
            self.give_up();
        }
        rules.handle_rise(now, self.function.index(), self.busy, gap);
    }

    /// One fewer instance is busy; `lost`: it is no more.
    fn fall(&mut self, now: Instant, rules: &mut dyn KeepAlive, lost: bool) -> Wake {
        let level = self.busy;
        let at = (level as usize).checked_sub(1)?;
        self.busy -= 1;
        self.levels[at].since = Some(now);
        let wake = self.ask(now, rules, level);
        if lost && self.levels[at].warm {
            self.cool(at);
        }
        wake
    }

    /// The timer of a level: its window opens or closes.
    pub(super) fn due(
        &mut self,
        now: Instant,
        rules: &mut dyn KeepAlive,
        level: u32,
        at: Instant,
    ) -> Option<Instant> {
        let index = (level as usize).checked_sub(1)?;
        let entry = self.levels.get_mut(index)?;
        if entry.timer != Some(at) {
            return None; // An earlier one was set meanwhile.
        }
        entry.timer = None;
        let due = entry.due?;
        if due > now {
            entry.timer = Some(due);
            return Some(due);
        }
        if let Some(closes) = entry.closes.take().filter(|closes| *closes > now) {
            entry.warm = true;
            self.wanted += 1;
            entry.due = (closes != Instant::MAX).then_some(closes);
            entry.timer = entry.due;
            return entry.due;
        }
        self.cool(index);
        self.ask(now, rules, level).map(|(_, at)| at)
    }

    /// Asks for the next window of an idle, cold level and sets it.
    fn ask(&mut self, now: Instant, rules: &mut dyn KeepAlive, level: u32) -> Wake {
        let entry = &mut self.levels[level as usize - 1];
        let since = entry.since?;
        let idle_for = now.since(since);
        let gap = Gap { function: self.function.index(), level, idle_for };
        let Window { from, until } = rules.window(now, gap).filter(|next| next.until > idle_for)?;
        let (from, until) = (since.after(from), since.after(until));
        entry.warm = from <= now;
        self.wanted += u32::from(entry.warm);
        (entry.due, entry.closes) = match entry.warm {
            true => (Some(until).filter(|until| *until != Instant::MAX), None),
            false => (Some(from), Some(until)),
        };
        let due = entry.due?;
        // A timer that is early asks again, one that is late would be missed.
        if entry.timer.is_some_and(|timer| timer <= due) {
            return None;
        }
        entry.timer = Some(due);
        Some((level, due))
    }

    /// A level is not kept warm any longer, and has no window to come.
    fn cool(&mut self, at: usize) {
        let entry = &mut self.levels[at];
        self.wanted -= u32::from(entry.warm);
        (entry.warm, entry.due, entry.closes) = (false, None, None);
    }

    /// The highest level that is kept warm is not any longer.
    fn give_up(&mut self) {
        if let Some(at) = self.levels.iter().rposition(|level| level.warm) {
            self.cool(at);
        }
    }

    // ---- instances -------------------------------------------------------------

    /// Stops what is idle beyond the levels wanted, starts ahead what lacks.
    pub(super) fn reconcile(&mut self, actions: &mut VecDeque<KeeperAction>) {
        while self.idle + self.ahead > self.wanted && self.idle > 0 {
            let Some(slot) = self.idle_longest() else { break };
            self.stop(slot, actions);
        }
        while self.idle + self.ahead < self.wanted {
            self.ahead += 1;
            actions.push_back(KeeperAction::Prestart { function: self.function });
        }
    }

    fn stop(&mut self, slot: SlotId, actions: &mut VecDeque<KeeperAction>) {
        if let Some(tracked) = self.get_mut(slot) {
            tracked.stopping = true;
            self.idle -= 1;
            let instance = InstanceId { function: self.function, slot };
            actions.push_back(KeeperAction::Stop { instance });
        }
    }

    /// Stops an idle instance for want of memory; whether it was the last of
    /// its function.
    pub(super) fn evict(&mut self, slot: SlotId, actions: &mut VecDeque<KeeperAction>) -> bool {
        self.stop(slot, actions);
        self.give_up();
        self.busy + self.idle + self.ahead == 0
    }

    fn idle_longest(&self) -> Option<SlotId> {
        self.idle_instances().min_by_key(|&(slot, since)| (since, Reverse(slot))).map(|(it, _)| it)
    }

    /// The idle instances, by slot, and since when they are idle.
    pub(super) fn idle_instances(&self) -> impl Iterator<Item = (SlotId, Instant)> {
        let idle = |tracked: &&Tracked| tracked.in_flight == 0 && !tracked.stopping;
        self.instances.iter().flatten().filter(idle).map(|it| (it.slot, it.idle_since))
    }

    /// The levels that are kept warm, highest first, with their idle times.
    pub(super) fn warm_levels(&self, now: Instant) -> impl Iterator<Item = Gap> {
        let function = self.function.index();
        let warm = self.levels.iter().enumerate().rev().filter(|(_, level)| level.warm);
        warm.map(move |(at, entry)| {
            let idle_for = entry.since.map_or(Duration::ZERO, |since| now.since(since));
            let level = u32::try_from(at + 1).unwrap_or(u32::MAX);
            Gap { function, level, idle_for }
        })
    }

    fn get_mut(&mut self, slot: SlotId) -> Option<&mut Tracked> {
        let tracked = self.instances.get_mut(slot.index() as usize)?.as_mut()?;
        (tracked.slot == slot).then_some(tracked)
    }

    /// The instance, idle since [`NEW`] if it was not known.
    fn tracked(&mut self, slot: SlotId) -> &mut Tracked {
        let at = slot.index() as usize;
        if at >= self.instances.len() {
            self.instances.resize(at + 1, None);
        }
        if let Some(before) = self.instances[at].filter(|before| before.slot != slot) {
            // The host stopped it and did not say so.
            self.stopped(before.slot);
        }
        let new = Tracked { slot, in_flight: 0, idle_since: NEW, stopping: false };
        self.instances[at].get_or_insert(new)
    }
}
