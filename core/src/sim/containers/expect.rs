//! What a scenario's writer expects to come of it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::report::ContainersReport;

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

impl Expect {
    /// What did not come, in a sentence each; of a price that is not known, and
    /// of a time without a full minute, that is said. O(events).
    pub fn unmet(&self, report: &ContainersReport) -> Vec<String> {
        let mut unmet = Vec::new();
        if let Some(most) = self.max_lost_percent {
            let totals = &report.totals;
            let lost = totals.unserved * 100.0;
            if lost > most * totals.requests {
                let percent = lost / totals.requests;
                unmet
                    .push(format!("{percent:.3} % of requests were lost, expected {most} at most"));
            }
        }
        if let Some(most) = self.max_usd {
            match report.bill.instances_usd {
                Some(usd) if usd <= most => {}
                Some(usd) => {
                    unmet.push(format!("instances cost {usd:.2} dollars, expected {most} at most"));
                }
                None => unmet.push(format!("no price is known, expected {most} dollars at most")),
            }
        }
        if let Some(least) = self.min_running_at_end {
            let running = report.minutes.last().map(|minute| minute.running);
            match running {
                Some(running) if running >= least => {}
                Some(running) => {
                    unmet
                        .push(format!("{running} tasks run at the end, expected {least} at least"));
                }
                None => {
                    unmet.push(format!("no minute was played, expected {least} tasks at its end"));
                }
            }
        }
        if let Some(expected) = self.rolled_back {
            let mut told = report.events.iter().filter(|event| event.of == "service");
            let rolled_back = told.any(|event| event.text.contains("rolling back to"));
            if rolled_back != expected {
                let [was, should] =
                    if expected { ["no deployment", "one"] } else { ["a deployment", "none"] };
                unmet.push(format!("{was} was rolled back, expected {should}"));
            }
        }
        unmet
    }
}
