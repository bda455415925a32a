//! What a scenario's writer expects to come of it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::report::ServiceTotals;

/// What is expected; what is `None` is not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expect {
    /// Requests lost, percent of those asked for, at most.
    pub max_lost_percent: Option<f64>,
    /// What the instances cost, US dollars, at most.
    pub max_usd: Option<f64>,
    /// Tasks that run at the end of the last full minute, at least.
    pub min_running_at_end: Option<u32>,
    /// Whether a deployment is rolled back.
    pub rolled_back: Option<bool>,
}

/// What there was to expect something of.
pub(super) struct Came<'a> {
    /// How a sentence begins.
    pub(super) of: String,
    pub(super) totals: &'a ServiceTotals,
    pub(super) instances_usd: Option<f64>,
    /// Tasks that run at the end of the last full minute.
    pub(super) running: Option<u32>,
    pub(super) rolled_back: bool,
}

impl Expect {
    /// What did not come, in a sentence each; of a price that is not known, and
    /// of a time without a full minute, that is said.
    pub(super) fn unmet(&self, came: &Came<'_>) -> Vec<String> {
        let (of, mut unmet) = (&came.of, Vec::new());
        if let Some(most) = self.max_lost_percent {
            let lost = came.totals.unserved * 100.0;
            if lost > most * came.totals.requests {
                let percent = lost / came.totals.requests;
                unmet.push(format!(
                    "{of}{percent:.3} % of requests were lost, expected {most} at most"
                ));
            }
        }
        if let Some(most) = self.max_usd {
            match came.instances_usd {
                Some(usd) if usd <= most => {}
                Some(usd) => unmet
                    .push(format!("{of}instances cost {usd:.2} dollars, expected {most} at most")),
                None => {
                    unmet.push(format!("{of}no price is known, expected {most} dollars at most"));
                }
            }
        }
        if let Some(least) = self.min_running_at_end {
            match came.running {
                Some(running) if running >= least => {}
                Some(running) => unmet
                    .push(format!("{of}{running} tasks run at the end, expected {least} at least")),
                None => unmet
                    .push(format!("{of}no minute was played, expected {least} tasks at its end")),
            }
        }
        if let Some(expected) = self.rolled_back
            && came.rolled_back != expected
        {
            let [was, should] =
                if expected { ["no deployment", "one"] } else { ["a deployment", "none"] };
            unmet.push(format!("{of}{was} was rolled back, expected {should}"));
        }
        unmet
    }
}
