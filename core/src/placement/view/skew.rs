//! Topology spread: how unevenly tasks of a group would be spread over the values
//! of an attribute.
//!
//! Kubernetes, "Pod Topology Spread Constraints", `whenUnsatisfiable:
//! DoNotSchedule`: the skew of a value is how many tasks it has, with the new one,
//! more than the value with the fewest. Placing keeps the counts in its index; this
//! is the same, worked out anew from all nodes, to say why none was found.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::fit::Candidate;
use super::placing::Prepared;
use super::reason::Reason;
use crate::placement::constraint::Constraint;

/// One constraint at this moment.
#[derive(Debug)]
struct Skew<'a> {
    constraint: usize,
    attribute: &'a str,
    max_skew: u32,
    tasks: BTreeMap<Box<str>, u64>,
    /// The fewest of a value that counts; `None`: no value does.
    fewest: Option<u64>,
}

/// The topology spreads of a request at this moment.
#[derive(Debug)]
pub(super) struct Skews<'a>(Vec<Skew<'a>>);

impl<'a> Skews<'a> {
    /// O(nodes) for each such constraint.
    pub(super) fn new<'n>(
        prepared: &'a Prepared,
        nodes: impl Iterator<Item = Candidate<'n>> + Clone,
    ) -> Self {
        let request = &prepared.request;
        let constraints = request.constraints.iter().enumerate();
        let skews = constraints.filter_map(|(constraint, one)| {
            let Constraint::MaxSkew { attribute, max_skew } = one else { return None };
            let mut tasks: BTreeMap<Box<str>, u64> = BTreeMap::new();
            let mut counting: BTreeMap<Box<str>, ()> = BTreeMap::new();
            for node in nodes.clone() {
                let Some(value) = node.node.info.attributes.get(attribute) else { continue };
                *tasks.entry(value.into()).or_default() +=
                    u64::from(node.node.tasks_of(prepared.group));
                if node.room.open && node.is_eligible(request) {
                    counting.insert(value.into(), ());
                }
            }
            let fewest = counting.keys().filter_map(|value| tasks.get(value).copied()).min();
            Some(Skew { constraint, attribute, max_skew: *max_skew, tasks, fewest })
        });
        Self(skews.collect())
    }

    /// The reasons against that node.
    pub(super) fn refusals(&self, node: &Candidate<'_>, note: &mut impl FnMut(Reason)) {
        for Skew { constraint, attribute, max_skew, tasks, fewest } in &self.0 {
            let constraint = *constraint;
            let Some(value) = node.node.info.attributes.get(attribute) else {
                note(Reason::MaxSkew { constraint, skew: None });
                continue;
            };
            let after = tasks.get(value).copied().unwrap_or(0) + 1;
            let skew = after.saturating_sub(fewest.unwrap_or(after));
            if skew > u64::from(*max_skew) {
                note(Reason::MaxSkew { constraint, skew: Some(skew) });
            }
        }
    }
}
