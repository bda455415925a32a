//! The life of an AWS Lambda environment: init, invoke, reset; and the settings
//! that bound it.
//!
//! ```text
//!            1 init in time
//!   Fresh ------------------> Ready <------------+
//!     |                        |  ^              | 4 init and invoke done,
//!     | 2 init overruns   3    |  | invoke done  |   within the timeout
//!     |                 crash, |  |              |
//!     v                timeout v  |              |
//!   Reset <------------------ (invoke)         (init, then invoke)
//!     |                                          ^  |
//!     +------------ the next invoke -------------+  | 5 crash or timeout
//!     ^---------------------------------------------+
//! ```
//!
//! The rules (Developer Guide, "Understanding the Lambda execution environment
//! lifecycle"):
//!
//! * Init has [`INIT_LIMIT`], whatever the function's timeout. If it overruns, it
//!   is tried again at the first invocation, under the function's timeout.
//! * A crash or a timeout resets the environment: it is initialised again within
//!   the next invocation that it gets, under the timeout and billed as part of
//!   it. `/tmp` survives.
//! * An environment is busy through both. Init is billed, since August 2025.
//!
//! [`Environment`] is that machine and nothing else: it does not start or stop
//! anything. Who runs real processes feeds it what happened; who simulates asks
//! it how long a request will hold its instance. An init that fails is taken as
//! one that overruns at that moment, for which AWS gives no rule of its own.

use core::fmt;

use super::FunctionSpec;
use crate::time::Duration;

/// How long an init may take before the first invocation.
pub const INIT_LIMIT: Duration = Duration::from_secs(10);

/// The settings of a function, in AWS Lambda's units and bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LambdaSettings {
    /// `MemorySize`, 128 to 10,240 MB. It decides the share of CPU too: one vCPU
    /// at 1,769 MB.
    pub memory_mib: u32,
    /// `Timeout` in seconds, 1 to 900.
    pub timeout_s: u32,
    /// `EphemeralStorage.Size`, of `/tmp`, 512 to 10,240 MB.
    pub ephemeral_storage_mib: u32,
}

impl Default for LambdaSettings {
    /// AWS's: 128 MB, 3 s, 512 MB.
    fn default() -> Self {
        Self { memory_mib: 128, timeout_s: 3, ephemeral_storage_mib: 512 }
    }
}

impl LambdaSettings {
    /// The least and the most of each, by AWS's name.
    const BOUNDS: [(&'static str, u32, u32); 3] =
        [("memorySize", 128, 10_240), ("timeout", 1, 900), ("ephemeralStorage.size", 512, 10_240)];

    /// Checks the bounds.
    ///
    /// # Errors
    ///
    /// The first that is out of its bounds.
    pub fn check(&self) -> Result<(), LambdaSettingsError> {
        let values = [self.memory_mib, self.timeout_s, self.ephemeral_storage_mib];
        for ((member, least, most), value) in Self::BOUNDS.into_iter().zip(values) {
            if !(least..=most).contains(&value) {
                return Err(LambdaSettingsError { member, value, least, most });
            }
        }
        Ok(())
    }

    /// What such a function takes of a region: memory, and CPU by it.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn spec(&self) -> Result<FunctionSpec, LambdaSettingsError> {
        self.check()?;
        Ok(FunctionSpec::of_memory(self.memory_mib))
    }

    /// The timeout.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s as u64)
    }
}

/// A setting out of AWS Lambda's bounds: a `ValidationException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LambdaSettingsError {
    /// AWS's name of the setting.
    pub member: &'static str,
    /// Its value.
    pub value: u32,
    /// The least.
    pub least: u32,
    /// The most.
    pub most: u32,
}

impl LambdaSettingsError {
    /// AWS Lambda's name of the exception.
    pub const fn kind(&self) -> &'static str {
        "ValidationException"
    }
}

impl fmt::Display for LambdaSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { member, value, least, most } = *self;
        let (than, bound) = if value < least { ("greater", least) } else { ("less", most) };
        // AWS's own sentence.
        write!(
            f,
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy \
             constraint: Member must have value {than} than or equal to {bound}"
        )
    }
}

impl core::error::Error for LambdaSettingsError {}

/// Where an environment stands between two invocations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Not initialised.
    #[default]
    Fresh,
    /// Initialised.
    Ready,
    /// To be initialised within the next invocation.
    Reset,
}

/// What an invocation would do if nothing stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// How long an init takes, each time.
    pub init: Duration,
    /// How long the handler runs.
    pub run: Duration,
    /// Whether the handler crashes at the end of that.
    pub crashes: bool,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The handler returned, well or with an error of its own.
    Returned,
    /// It crashed.
    Crashed,
    /// It reached the function's timeout.
    TimedOut,
}

/// What an invocation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoked {
    /// The init phase before it: a cold start.
    pub init: Duration,
    /// The invoke phase, an init within it included.
    pub invoke: Duration,
    /// How it ended.
    pub ended: Ended,
}

impl Invoked {
    /// How long it held its environment, and is billed for.
    pub const fn held(&self) -> Duration {
        self.init.plus(self.invoke)
    }
}

impl Environment {
    /// Goes through one invocation of a function with this timeout.
    ///
    /// ```
    /// use warmstow_core::function::{Ended, Environment, Work};
    /// use warmstow_core::time::Duration;
    ///
    /// let seconds = Duration::from_secs;
    /// let work = Work { init: seconds(2), run: seconds(1), crashes: false };
    /// let mut environment = Environment::default();
    /// let cold = environment.invoke(seconds(3), work);
    /// assert_eq!((cold.init, cold.invoke), (seconds(2), seconds(1)));
    /// let late = environment.invoke(seconds(3), Work { run: seconds(5), ..work });
    /// assert_eq!((late.held(), late.ended), (seconds(3), Ended::TimedOut));
    /// // It was reset: the next one initialises within its own time.
    /// let again = environment.invoke(seconds(3), work);
    /// assert_eq!((again.init, again.invoke), (seconds(0), seconds(3)));
    /// assert_eq!(again.ended, Ended::Returned);
    /// ```
    pub fn invoke(&mut self, timeout: Duration, work: Work) -> Invoked {
        let (init, within) = match *self {
            Self::Ready => (Duration::ZERO, Duration::ZERO),
            Self::Reset => (Duration::ZERO, work.init),
            Self::Fresh if work.init > INIT_LIMIT => (INIT_LIMIT, work.init),
            Self::Fresh => (work.init, Duration::ZERO),
        };
        let needs = within.plus(work.run);
        let (invoke, ended) = match work.crashes {
            // At the limit to the instant it is done.
            _ if needs > timeout => (timeout, Ended::TimedOut),
            true => (needs, Ended::Crashed),
            false => (needs, Ended::Returned),
        };
        *self = if ended == Ended::Returned { Self::Ready } else { Self::Reset };
        Invoked { init, invoke, ended }
    }

    /// Initialises ahead of any invocation, as for provisioned concurrency; how
    /// long that takes. One that overruns is tried again at the first invocation.
    pub fn prepare(&mut self, init: Duration) -> Duration {
        if *self != Self::Fresh {
            return Duration::ZERO;
        }
        *self = if init > INIT_LIMIT { Self::Reset } else { Self::Ready };
        if init > INIT_LIMIT { INIT_LIMIT } else { init }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use alloc::string::ToString;

    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const WORK: Work = Work { init: seconds(2), run: seconds(1), crashes: false };

    #[test]
    fn an_init_of_ten_seconds_is_in_time_and_a_longer_one_is_tried_again() {
        let mut environment = Environment::Fresh;
        let ten = environment.invoke(seconds(1), Work { init: seconds(10), ..WORK });
        assert_eq!((ten.init, ten.invoke, ten.ended), (seconds(10), seconds(1), Ended::Returned));
        // 11 s: given up at 10, then again under the timeout.
        let long = Work { init: seconds(11), ..WORK };
        let mut environment = Environment::Fresh;
        let again = environment.invoke(seconds(12), long);
        assert_eq!((again.init, again.invoke), (seconds(10), seconds(12)));
        assert_eq!((again.ended, environment), (Ended::Returned, Environment::Ready));
        let mut environment = Environment::Fresh;
        let late = environment.invoke(seconds(3), long);
        assert_eq!((late.held(), late.ended), (seconds(13), Ended::TimedOut));
        // And so for ever, as on AWS: a timeout below the init never succeeds.
        for _ in 0..3 {
            let never = environment.invoke(seconds(3), long);
            assert_eq!((never.init, never.invoke), (Duration::ZERO, seconds(3)));
            assert_eq!((never.ended, environment), (Ended::TimedOut, Environment::Reset));
        }
    }

    #[test]
    fn a_crash_resets_and_the_next_invocation_pays_the_init() {
        let mut environment = Environment::Ready;
        let crash = environment.invoke(seconds(3), Work { crashes: true, ..WORK });
        assert_eq!((crash.held(), crash.ended), (seconds(1), Ended::Crashed));
        let next = environment.invoke(seconds(3), WORK);
        assert_eq!((next.init, next.invoke), (Duration::ZERO, seconds(3)));
        assert_eq!(environment.invoke(seconds(3), WORK).held(), seconds(1), "and no one after");
    }

    #[test]
    fn what_is_prepared_ahead_starts_warm() {
        let mut environment = Environment::Fresh;
        assert_eq!(environment.prepare(seconds(2)), seconds(2));
        assert_eq!(environment.prepare(seconds(2)), Duration::ZERO);
        assert_eq!(environment.invoke(seconds(3), WORK).held(), seconds(1));
        let mut late = Environment::Fresh;
        assert_eq!((late.prepare(seconds(20)), late), (seconds(10), Environment::Reset));
    }

    #[test]
    fn settings_have_aws_bounds_and_words() {
        let settings = LambdaSettings::default();
        assert_eq!((settings.check(), settings.timeout()), (Ok(()), seconds(3)));
        let vcpu = LambdaSettings { memory_mib: 1_769, ..settings };
        assert_eq!(vcpu.spec().unwrap().resources.cpu_units, 1_024);
        for (settings, text) in [
            (
                LambdaSettings { memory_mib: 127, ..settings },
                "Value '127' at 'memorySize' failed to satisfy constraint: Member must have \
                 value greater than or equal to 128",
            ),
            (
                LambdaSettings { timeout_s: 901, ..settings },
                "Value '901' at 'timeout' failed to satisfy constraint: Member must have value \
                 less than or equal to 900",
            ),
            (
                LambdaSettings { ephemeral_storage_mib: 10_241, ..settings },
                "Value '10241' at 'ephemeralStorage.size' failed to satisfy constraint: Member \
                 must have value less than or equal to 10240",
            ),
        ] {
            let error = settings.spec().unwrap_err();
            assert_eq!(error.kind(), "ValidationException");
            assert!(error.to_string().ends_with(text), "{error}");
        }
        for (memory_mib, timeout_s, ephemeral_storage_mib) in [(128, 1, 512), (10_240, 900, 10_240)]
        {
            let edge = LambdaSettings { memory_mib, timeout_s, ephemeral_storage_mib };
            assert_eq!(edge.check(), Ok(()));
        }
    }
}
