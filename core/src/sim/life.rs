//! How long a request holds its instance, and what is left of the instance.

use super::books::End;
use super::config::SimError;
use super::function::{FunctionState, fate};
use super::replay::{NO_FLIGHT, REFUSED, World};
use super::workload::{Arrival, Cold};
use crate::function::{Ended, Environment, Work};
use crate::id::InstanceId;
use crate::time::Duration;

/// What becomes of an instance whose request crashes or times out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifecycle {
    /// It ends: the next request that needs one starts another.
    #[default]
    Ends,
    /// AWS Lambda's ([`Environment`]): it is reset, and initialised again within the
    /// next request that it gets, under the timeout. An init has
    /// [`INIT_LIMIT`](crate::function::INIT_LIMIT); one that overruns is tried
    /// again within the first request. Init is [`ColdStart::code`], or what the
    /// workload says of a cold start. For functions of one request an instance;
    /// others have [`Ends`](Self::Ends).
    ///
    /// [`ColdStart::code`]: super::ColdStart::code
    Resets,
}

/// What of a request comes before its run, its run, and how that ends.
pub(super) type Course = (Duration, Duration, End);

impl World {
    /// What becomes of a request that has its instance.
    pub(super) fn course_of(
        &mut self,
        arrival: &Arrival,
        instance: InstanceId,
        (cold, crash): (bool, Option<f64>),
    ) -> Result<Course, SimError> {
        let function = self.functions.get_mut(arrival.function as usize).ok_or(NO_FLIGHT)?;
        if function.resets {
            return self.course_in_environment(arrival, instance, (cold, crash));
        }
        let (set_up, code) = if cold { stages(function, arrival.cold) } else { NOTHING };
        let (run, end) = fate(run(function, arrival, cold), crash, function.timeout);
        Ok((set_up.plus(code), run, end))
    }

    fn course_in_environment(
        &mut self,
        arrival: &Arrival,
        instance: InstanceId,
        (cold, crash): (bool, Option<f64>),
    ) -> Result<Course, SimError> {
        let mut environment = *self.environment(instance)?;
        let function = self.functions.get_mut(arrival.function as usize).ok_or(NO_FLIGHT)?;
        let initialises = environment != Environment::Ready;
        let (set_up, init) = if initialises { stages(function, arrival.cold) } else { NOTHING };
        // A whole time of a cold start has the init in it.
        let (run, end) = fate(run(function, arrival, initialises), crash, None);
        let work = Work { init, run, crashes: end == End::Crash };
        let invoked = environment.invoke(function.timeout.unwrap_or(Duration::MAX), work);
        *self.environment(instance)? = environment;
        let set_up = if cold { set_up } else { Duration::ZERO };
        let end = match invoked.ended {
            Ended::Returned => End::Complete,
            Ended::Crashed => End::Crash,
            Ended::TimedOut => End::Timeout,
        };
        Ok((set_up.plus(invoked.init), invoked.invoke, end))
    }

    /// How long an instance takes that is started ahead of requests.
    pub(super) fn prepare(&mut self, instance: InstanceId) -> Result<Duration, SimError> {
        let index = instance.function.index() as usize;
        let function = self.functions.get_mut(index).ok_or(REFUSED)?;
        let (set_up, code) = stages(function, Cold::Stages);
        if !function.resets {
            return Ok(set_up.plus(code));
        }
        Ok(set_up.plus(self.environment(instance)?.prepare(code)))
    }

    pub(super) fn environment(
        &mut self,
        instance: InstanceId,
    ) -> Result<&mut Environment, SimError> {
        let function = self.functions.get_mut(instance.function.index() as usize);
        let tracked = function.and_then(|function| function.instances.get_mut(instance.slot));
        tracked.map(|tracked| &mut tracked.environment).ok_or(REFUSED)
    }
}

const NOTHING: (Duration, Duration) = (Duration::ZERO, Duration::ZERO);

/// Making the environment, and initialising the code in it.
fn stages(function: &mut FunctionState, cold: Cold) -> (Duration, Duration) {
    match cold {
        Cold::Stages => function.cold_start.stages(&mut function.cold_rng),
        Cold::Extra(init) => (Duration::ZERO, init),
        Cold::Whole(_) => NOTHING,
    }
}

/// How long the request would run.
fn run(function: &mut FunctionState, arrival: &Arrival, cold: bool) -> Duration {
    match arrival.cold {
        Cold::Whole(whole) if cold => whole.sample(&mut function.cold_rng),
        _ => arrival.duration,
    }
}
