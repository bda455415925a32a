//! A scenario played to its end, or step by step.

use core::fmt;

use super::config::{Scenario, ScenarioError};
use super::report::ContainersReport;
use super::world::World;
use crate::time::{Duration, Instant};

/// Plays the scenario to its end. O(events x (tasks + instances)).
///
/// # Errors
/// [`ScenarioError`] names the setting that cannot be.
pub fn simulate(scenario: &Scenario) -> Result<ContainersReport, ScenarioError> {
    let mut simulation = Simulation::new(scenario)?;
    simulation.advance(scenario.horizon);
    Ok(simulation.finish())
}

/// A scenario that is played step by step, so that a caller can show how far
/// it is, or give up.
///
/// ```no_run
/// # use warmstow_core::sim::containers::{Scenario, Simulation};
/// # use warmstow_core::time::Duration;
/// # fn run(scenario: &Scenario) -> Result<(), Box<dyn std::error::Error>> {
/// let mut simulation = Simulation::new(scenario)?;
/// let hour = Duration::from_secs(3_600);
/// while simulation.advance(hour) {
///     println!("{} s played", simulation.now().as_secs_f64());
/// }
/// let report = simulation.finish();
/// # Ok(())
/// # }
/// ```
pub struct Simulation(World);

impl Simulation {
    /// The scenario at its start.
    ///
    /// # Errors
    /// [`ScenarioError`] names the setting that cannot be.
    pub fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        scenario.check()?;
        let mut world = World::new(scenario.clone())?;
        world.begin();
        Ok(Self(world))
    }

    /// Plays so much more; whether something is left to play.
    /// O(events x (tasks + instances)).
    pub fn advance(&mut self, time: Duration) -> bool {
        let end = Instant::ZERO.after(self.0.scenario.horizon);
        let until = self.0.now.after(time).min(end);
        self.0.run(until);
        until < end
    }

    /// The time of the scenario, from its start.
    pub const fn now(&self) -> Instant {
        self.0.now
    }

    /// The report of what was played.
    pub fn finish(self) -> ContainersReport {
        self.0.finish()
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Simulation").field(&self.0.now).finish()
    }
}
