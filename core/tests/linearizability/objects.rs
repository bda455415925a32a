//! What a region promises, as objects that take one call at a time.
//!
//! An invocation takes a unit, then a seat or a vacancy: it is one step on each
//! of several objects, and each object must be linearizable for itself. The
//! call's whole length stands for each of its steps, so that in which order a
//! call does its own steps is not checked here.

use super::checker::Object;
use super::history::Done;

/// A limit: so many units, shared by some functions. Exact: admitted only
/// below the limit, refused only at it or above; but while a call lowers it,
/// what that has taken from idle instances and not yet given back may be refused.
///
/// State: in flight 32 | limit 32.
pub(crate) struct Limit {
    /// Bit f: function f takes its units here.
    pub(crate) functions: u8,
    pub(crate) limit: u32,
    /// Whether it is the account's, which changes.
    pub(crate) is_account: bool,
}

const UNIT: u64 = 1 << 32;

impl Limit {
    const fn has(&self, function: u8) -> bool {
        self.functions >> function & 1 == 1
    }
}

impl Object for Limit {
    fn name(&self) -> String {
        format!("limit of functions {:#b}", self.functions)
    }

    fn initial(&self) -> u64 {
        u64::from(self.limit)
    }

    fn concerns(&self, done: &Done) -> bool {
        match *done {
            Done::Warm { function, .. }
            | Done::Cold { function, .. }
            | Done::Throttled { function }
            | Done::Completed { function, .. }
            | Done::Failed { function, .. } => self.has(function),
            Done::Limited { .. } => self.is_account,
            Done::Reaped { .. } | Done::Stopped { .. } => false,
        }
    }

    fn loosens(&self, done: &Done) -> bool {
        self.is_account && matches!(done, Done::Limited { lowers: true, .. })
    }

    fn after(&self, state: u64, done: &Done, loose: u32) -> Option<u64> {
        let (in_flight, limit) = (state / UNIT, state % UNIT);
        match *done {
            Done::Warm { .. } | Done::Cold { .. } => (in_flight < limit).then_some(state + UNIT),
            Done::Throttled { .. } => (in_flight >= limit || loose > 0).then_some(state),
            Done::Completed { .. } | Done::Failed { .. } => state.checked_sub(UNIT),
            Done::Limited { unreserved, .. } => Some(in_flight * UNIT + u64::from(unreserved)),
            Done::Reaped { .. } | Done::Stopped { .. } => None,
        }
    }
}

/// The idle instances of a function. Exact: a warm start takes one that is
/// idle, a cold start is made only while none is, a reap takes one that is, or
/// that failed without being told to stop by its own call.
///
/// A reap may take an instance out to judge it and put it back. Where
/// `judges`, each of its steps hides one idle instance from cold starts for as
/// long as it lasts, and no more.
///
/// State: failed and not told to stop 32 | idle 32, a bit a slot.
pub(crate) struct Idle {
    pub(crate) function: u8,
    pub(crate) judges: bool,
}

/// Where the failed ones begin.
const FAILED: u32 = 32;

impl Object for Idle {
    fn name(&self) -> String {
        format!("idle instances of function {}", self.function)
    }

    fn initial(&self) -> u64 {
        0
    }

    fn concerns(&self, done: &Done) -> bool {
        match *done {
            Done::Warm { function, .. }
            | Done::Cold { function, .. }
            | Done::Completed { function, .. }
            | Done::Failed { function, told: false, .. }
            | Done::Reaped { function, slot: Some(_) } => function == self.function,
            _ => false,
        }
    }

    fn loosens(&self, done: &Done) -> bool {
        self.judges && matches!(*done, Done::Reaped { function, .. } if function == self.function)
    }

    fn after(&self, state: u64, done: &Done, loose: u32) -> Option<u64> {
        match *done {
            Done::Warm { slot, .. } => remove(state, slot),
            Done::Cold { .. } => ((state as u32).count_ones() <= loose).then_some(state),
            Done::Completed { slot, .. } => insert(state, slot),
            Done::Failed { slot, told: false, .. } => insert(state, FAILED + slot),
            Done::Reaped { slot: Some(slot), .. } => {
                remove(state, slot).or_else(|| remove(state, FAILED + slot))
            }
            // Took nothing: loosens, and changes nothing.
            Done::Reaped { slot: None, .. } => Some(state),
            _ => None,
        }
    }
}

/// The slots of a function without an instance: none is given twice.
///
/// State: a bit a slot.
pub(crate) struct Vacant {
    pub(crate) function: u8,
    pub(crate) slots: u32,
}

impl Object for Vacant {
    fn name(&self) -> String {
        format!("vacant slots of function {}", self.function)
    }

    fn initial(&self) -> u64 {
        u64::MAX >> (64 - self.slots)
    }

    fn concerns(&self, done: &Done) -> bool {
        match *done {
            Done::Cold { function, .. } | Done::Stopped { function, .. } => {
                function == self.function
            }
            _ => false,
        }
    }

    fn after(&self, state: u64, done: &Done, _loose: u32) -> Option<u64> {
        match *done {
            Done::Cold { slot, .. } => remove(state, slot),
            Done::Stopped { slot, .. } => insert(state, slot),
            _ => None,
        }
    }
}

fn remove(set: u64, slot: u32) -> Option<u64> {
    (set >> slot & 1 == 1).then(|| set & !(1 << slot))
}

fn insert(set: u64, slot: u32) -> Option<u64> {
    (set >> slot & 1 == 0).then(|| set | 1 << slot)
}
