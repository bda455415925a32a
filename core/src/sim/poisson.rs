//! Poisson arrivals to one function, drawn as they are needed.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use super::distribution::{Distribution, ParseDistributionError};
use super::workload::{Arrival, Cold, Workload};
use crate::math;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Poisson arrivals with drawn service times, as text
/// `poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=1e6` (seconds).
///
/// The prefix may be left out when reading; `cold` may be left out, then a
/// cold request takes the replay's cold start and a warm service time.
///
/// ```
/// use warmstow_core::sim::PoissonSpec;
///
/// let text = "poisson:rate=0.9,warm=exp:1.991,cold=exp:2.244,duration=1000000";
/// let spec: PoissonSpec = text.parse()?;
/// assert_eq!(spec.rate_per_s, 0.9);
/// assert_eq!(spec.to_string(), text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoissonSpec {
    /// Arrivals a second, over 0 and at most [`Self::MAX_RATE_PER_S`].
    pub rate_per_s: f64,
    /// Service time on a warm instance.
    pub warm: Distribution,
    /// Whole service time of a request that starts its instance.
    pub cold: Option<Distribution>,
    /// How long requests arrive, in seconds, over 0 and at most
    /// [`Distribution::MAX_SECONDS`].
    pub duration_s: f64,
}

impl PoissonSpec {
    /// The highest rate: a thousandth of an arrival a nanosecond.
    pub const MAX_RATE_PER_S: f64 = 1e6;

    /// The most requests that may be expected, rate times duration: as many as
    /// a [`Trace`](super::Trace) may have.
    pub const MAX_REQUESTS: f64 = 1e9;

    fn check(&self) -> Result<(), PoissonError> {
        let over_zero = |value: f64, limit: f64| value > 0.0 && value <= limit;
        if !over_zero(self.rate_per_s, Self::MAX_RATE_PER_S) {
            return Err(PoissonError::Rate { value: self.rate_per_s });
        }
        if !over_zero(self.duration_s, Distribution::MAX_SECONDS) {
            return Err(PoissonError::Duration { value_s: self.duration_s });
        }
        let requests = self.rate_per_s * self.duration_s;
        if requests > Self::MAX_REQUESTS {
            return Err(PoissonError::TooLong { requests });
        }
        Ok(())
    }
}

/// A number of a [`PoissonSpec`] is outside its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PoissonError {
    /// The rate.
    Rate {
        /// Arrivals a second, as given.
        value: f64,
    },
    /// The duration.
    Duration {
        /// Seconds, as given.
        value_s: f64,
    },
    /// Rate times duration.
    TooLong {
        /// The requests to be expected.
        requests: f64,
    },
}

impl fmt::Display for PoissonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { value } => write!(
                f,
                "rate {value:?} a second: must be over 0 and at most {}",
                PoissonSpec::MAX_RATE_PER_S
            ),
            Self::Duration { value_s } => write!(
                f,
                "duration {value_s:?} s: must be over 0 and at most {} s",
                Distribution::MAX_SECONDS
            ),
            Self::TooLong { requests } => write!(
                f,
                "rate times duration is {requests:?} requests: at most {} are possible",
                PoissonSpec::MAX_REQUESTS
            ),
        }
    }
}

impl core::error::Error for PoissonError {}

/// The text is no [`PoissonSpec`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParsePoissonError {
    /// A part is no `key=value`, or its key is unknown.
    Part {
        /// The part as written.
        text: String,
    },
    /// A key is given twice.
    Twice {
        /// The key.
        key: &'static str,
    },
    /// A key is missing.
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A value is no number.
    Number {
        /// The key.
        key: &'static str,
        /// The value as written.
        text: String,
    },
    /// A value is no distribution.
    Distribution {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        error: ParseDistributionError,
    },
    /// A number is outside its limits.
    Limits(PoissonError),
}

impl fmt::Display for ParsePoissonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part { text } => {
                write!(f, "`{text}` is none of rate=, warm=, cold=, duration=")
            }
            Self::Twice { key } => write!(f, "{key}= is given twice"),
            Self::Missing { key } => write!(f, "{key}= is missing"),
            Self::Number { key, text } => write!(f, "{key}=`{text}` is no number"),
            Self::Distribution { key, error } => write!(f, "{key}: {error}"),
            Self::Limits(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ParsePoissonError {}

impl FromStr for PoissonSpec {
    type Err = ParsePoissonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (mut rate, mut warm, mut cold, mut duration) = (None, None, None, None);
        let mut rest = text.strip_prefix("poisson:").unwrap_or(text);
        while !rest.is_empty() {
            let (part, after) = split_part(rest);
            rest = after;
            let unknown = || ParsePoissonError::Part { text: part.into() };
            let (key, value) = part.split_once('=').ok_or_else(unknown)?;
            match key.trim() {
                "rate" => once("rate", &mut rate, number("rate", value)?)?,
                "warm" => once("warm", &mut warm, distribution("warm", value)?)?,
                "cold" => once("cold", &mut cold, distribution("cold", value)?)?,
                "duration" => once("duration", &mut duration, number("duration", value)?)?,
                _ => return Err(unknown()),
            }
        }
        let missing = |key| move || ParsePoissonError::Missing { key };
        let spec = Self {
            rate_per_s: rate.ok_or_else(missing("rate"))?,
            warm: warm.ok_or_else(missing("warm"))?,
            cold,
            duration_s: duration.ok_or_else(missing("duration"))?,
        };
        spec.check().map_err(ParsePoissonError::Limits)?;
        Ok(spec)
    }
}

/// The first `key=value` and what follows its comma. A comma within a value
/// (`lognormal:2,0.5`) belongs to it: what follows has no `=` before the next.
fn split_part(text: &str) -> (&str, &str) {
    for (comma, _) in text.match_indices(',') {
        let after = &text[comma + 1..];
        let next = after.split(',').next().unwrap_or(after);
        if next.contains('=') || next.trim().is_empty() {
            return (&text[..comma], after);
        }
    }
    (text, "")
}

fn once<T>(key: &'static str, slot: &mut Option<T>, value: T) -> Result<(), ParsePoissonError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ParsePoissonError::Twice { key }),
    }
}

fn number(key: &'static str, text: &str) -> Result<f64, ParsePoissonError> {
    text.trim().parse().map_err(|_| ParsePoissonError::Number { key, text: text.into() })
}

fn distribution(key: &'static str, text: &str) -> Result<Distribution, ParsePoissonError> {
    text.parse().map_err(|error| ParsePoissonError::Distribution { key, error })
}

impl fmt::Display for PoissonSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "poisson:rate={},warm={}", self.rate_per_s, self.warm)?;
        if let Some(cold) = self.cold {
            write!(f, ",cold={cold}")?;
        }
        write!(f, ",duration={}", self.duration_s)
    }
}

/// A [`Workload`] of Poisson arrivals to function 0.
///
/// Arrivals and service times are drawn from separate streams of the seed, so
/// two replays that differ only in their policies see the same requests.
/// Holds nothing per request.
#[derive(Clone, Debug)]
pub struct Poisson {
    spec: PoissonSpec,
    horizon: Instant,
    gap_s: f64,
    /// Of the last arrival, in seconds, not rounded: rounding each gap to a
    /// nanosecond would let errors add up.
    at_s: f64,
    gaps: Rng,
    services: Rng,
}

impl Poisson {
    /// The arrivals of `spec` drawn with `seed`.
    ///
    /// # Errors
    /// [`PoissonError`] names the number that is outside its limits.
    pub fn new(spec: PoissonSpec, seed: u64) -> Result<Self, PoissonError> {
        spec.check()?;
        Ok(Self {
            spec,
            horizon: Instant::ZERO.after(Duration::from_secs_f64(spec.duration_s)),
            gap_s: 1.0 / spec.rate_per_s,
            at_s: 0.0,
            gaps: Rng::stream(seed, 0),
            services: Rng::stream(seed, 1),
        })
    }
}

impl Workload for Poisson {
    #[inline]
    fn next(&mut self) -> Option<Arrival> {
        self.at_s -= self.gap_s * math::ln(self.gaps.uniform_open());
        let at = Instant::ZERO.after(Duration::from_secs_f64(self.at_s));
        if at >= self.horizon {
            return None;
        }
        let duration = self.spec.warm.sample(&mut self.services);
        let cold = self.spec.cold.map_or(Cold::Stages, Cold::Whole);
        Some(Arrival { at, function: 0, duration, cold })
    }

    fn functions(&self) -> u32 {
        1
    }

    fn horizon(&self) -> Instant {
        self.horizon
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    #[test]
    fn a_comma_within_a_distribution_belongs_to_it() {
        let text = "poisson:rate=2,warm=lognormal:2,0.5,cold=det:3,duration=10";
        let spec: PoissonSpec = text.parse().unwrap();
        assert_eq!(spec.warm, Distribution::lognormal(2.0, 0.5).unwrap());
        assert_eq!(spec.to_string(), text);
        assert_eq!(text.trim_start_matches("poisson:").parse(), Ok(spec));
    }

    #[test]
    fn bad_text_is_named() {
        for (text, want) in [
            ("poisson:", "rate= is missing"),
            ("rate=1,warm=exp:1", "duration= is missing"),
            ("rate=1,rate=2", "rate= is given twice"),
            ("rate=fast", "rate=`fast` is no number"),
            ("rate=1,hot=exp:1", "`hot=exp:1` is none of rate=, warm=, cold=, duration="),
            ("rate=1,,", "`` is none of rate=, warm=, cold=, duration="),
            ("warm=exp:-1", "warm: mean -1 s: must be over 0 and at most 1000000000 s"),
            (
                "rate=0,warm=exp:1,duration=1",
                "rate 0.0 a second: must be over 0 and at most 1000000",
            ),
            (
                "rate=1,warm=exp:1,duration=-5",
                "duration -5.0 s: must be over 0 and at most 1000000000 s",
            ),
            (
                "rate=1e6,warm=exp:1,duration=1e300",
                "duration 1e300 s: must be over 0 and at most 1000000000 s",
            ),
            (
                "rate=1e6,warm=exp:1,duration=2e4",
                "rate times duration is 20000000000.0 requests: at most 1000000000 are possible",
            ),
        ] {
            assert_eq!(text.parse::<PoissonSpec>().unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn arrivals_are_in_order_before_the_end_and_as_many_as_expected() {
        let spec: PoissonSpec = "rate=9,warm=exp:1,duration=10000".parse().unwrap();
        let mut poisson = Poisson::new(spec, 3).unwrap();
        let arrivals: Vec<_> = core::iter::from_fn(|| poisson.next()).collect();
        assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
        assert!(arrivals.iter().all(|arrival| arrival.at < poisson.horizon()));
        // Poisson of mean 90,000: five standard deviations are 1,500.
        assert!(arrivals.len().abs_diff(90_000) < 1_500, "{}", arrivals.len());
    }
}
