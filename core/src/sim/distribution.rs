//! Distributions of lengths of time, in seconds, with checked parameters.

use alloc::string::String;
use core::f64::consts::PI;
use core::fmt;
use core::str::FromStr;

use crate::math;
use crate::rng::Rng;
use crate::time::Duration;

/// A distribution of lengths of time.
///
/// Written as on the command line, in seconds: `exp:MEAN`, `det:VALUE` or
/// `lognormal:MEAN,CV`, where CV is the coefficient of variation (standard
/// deviation over mean).
///
/// ```
/// use warmstow_core::rng::Rng;
/// use warmstow_core::sim::Distribution;
///
/// let service: Distribution = "exp:1.991".parse()?;
/// assert_eq!(service, Distribution::exponential(1.991)?);
/// assert_eq!(service.to_string(), "exp:1.991");
/// let drawn = service.sample(&mut Rng::new(1));
/// assert!("exp:-1".parse::<Distribution>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution(Kind);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Exponential { mean: f64 },
    Deterministic { value: f64 },
    Lognormal { mean: f64, cv: f64, mu: f64, sigma: f64 },
}

impl Distribution {
    /// The longest mean or value, in seconds: about 31 years. A draw of an
    /// exponential is at most 37 times its mean; longer draws saturate.
    pub const MAX_SECONDS: f64 = 1e9;
    /// The largest coefficient of variation.
    pub const MAX_CV: f64 = 1e3;
    /// No time at all.
    pub const ZERO: Self = Self(Kind::Deterministic { value: 0.0 });

    /// Exponential of mean `mean_s` seconds, over 0.
    ///
    /// # Errors
    /// [`DistributionError`] for a mean outside (0, [`Self::MAX_SECONDS`]].
    pub fn exponential(mean_s: f64) -> Result<Self, DistributionError> {
        check(Parameter::Mean, mean_s, Self::MAX_SECONDS, false)?;
        Ok(Self(Kind::Exponential { mean: mean_s }))
    }

    /// Always `value_s` seconds.
    ///
    /// # Errors
    /// [`DistributionError`] for a value outside [0, [`Self::MAX_SECONDS`]].
    pub fn deterministic(value_s: f64) -> Result<Self, DistributionError> {
        check(Parameter::Value, value_s, Self::MAX_SECONDS, true)?;
        // Adding zero turns -0 into 0, which is how it would print.
        Ok(Self(Kind::Deterministic { value: value_s + 0.0 }))
    }

    /// Lognormal of mean `mean_s` seconds and coefficient of variation `cv`:
    /// the logarithm is normal with variance ln(1 + cv^2).
    ///
    /// # Errors
    /// [`DistributionError`] for a mean outside (0, [`Self::MAX_SECONDS`]] or
    /// a coefficient outside (0, [`Self::MAX_CV`]].
    pub fn lognormal(mean_s: f64, cv: f64) -> Result<Self, DistributionError> {
        check(Parameter::Mean, mean_s, Self::MAX_SECONDS, false)?;
        check(Parameter::Cv, cv, Self::MAX_CV, false)?;
        let variance = math::ln(1.0 + cv * cv);
        let (mu, sigma) = (math::ln(mean_s) - variance / 2.0, math::sqrt(variance));
        Ok(Self(Kind::Lognormal { mean: mean_s, cv, mu, sigma }))
    }

    /// The mean, in seconds.
    pub const fn mean_s(&self) -> f64 {
        match self.0 {
            Kind::Exponential { mean } | Kind::Lognormal { mean, .. } => mean,
            Kind::Deterministic { value } => value,
        }
    }

    /// One draw, to the nearest nanosecond.
    ///
    /// An exponential takes one number from `rng` (inversion), a lognormal two
    /// (G. Box and M. Muller, 1958), a constant none: the count never depends
    /// on what was drawn, so two runs stay in step.
    #[inline]
    pub fn sample(&self, rng: &mut Rng) -> Duration {
        Duration::from_secs_f64(match self.0 {
            Kind::Exponential { mean } => -mean * math::ln(rng.uniform_open()),
            Kind::Deterministic { value } => value,
            Kind::Lognormal { mu, sigma, .. } => math::exp(mu + sigma * standard_normal(rng)),
        })
    }
}

impl Default for Distribution {
    /// [`Distribution::ZERO`].
    fn default() -> Self {
        Self::ZERO
    }
}

/// A draw of the normal distribution of mean 0 and variance 1.
fn standard_normal(rng: &mut Rng) -> f64 {
    let radius = math::sqrt(-2.0 * math::ln(rng.uniform_open()));
    radius * math::cos(2.0 * PI * rng.uniform())
}

fn check(
    parameter: Parameter,
    value: f64,
    limit: f64,
    zero: bool,
) -> Result<(), DistributionError> {
    // Written so that not-a-number fails.
    if (value > 0.0 || (zero && value == 0.0)) && value <= limit {
        return Ok(());
    }
    Err(DistributionError { parameter, value, limit })
}

/// A parameter of a [`Distribution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// The mean, in seconds.
    Mean,
    /// The constant, in seconds.
    Value,
    /// The coefficient of variation.
    Cv,
}

/// A parameter is outside its limits, or no number.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DistributionError {
    /// Which one.
    pub parameter: Parameter,
    /// What was given.
    pub value: f64,
    /// The largest that is taken; the smallest is 0, itself only for a constant.
    pub limit: f64,
}

impl fmt::Display for DistributionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bound, unit) = match self.parameter {
            Parameter::Mean => ("mean", "over 0", " s"),
            Parameter::Value => ("constant", "at least 0", " s"),
            Parameter::Cv => ("coefficient of variation", "over 0", ""),
        };
        let (value, limit) = (self.value, self.limit);
        write!(f, "{name} {value}{unit}: must be {bound} and at most {limit}{unit}")
    }
}

impl core::error::Error for DistributionError {}

/// The text is no [`Distribution`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParseDistributionError {
    /// Not one of the forms.
    Form {
        /// The text.
        text: String,
    },
    /// A parameter is no number.
    Number {
        /// The parameter as written.
        text: String,
    },
    /// A parameter is outside its limits.
    Parameter(DistributionError),
}

impl fmt::Display for ParseDistributionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { text } => {
                write!(f, "`{text}` is none of exp:MEAN, det:VALUE, lognormal:MEAN,CV (seconds)")
            }
            Self::Number { text } => write!(f, "`{text}` is no number"),
            Self::Parameter(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ParseDistributionError {}

impl From<DistributionError> for ParseDistributionError {
    fn from(error: DistributionError) -> Self {
        Self::Parameter(error)
    }
}

impl FromStr for Distribution {
    type Err = ParseDistributionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |part: &str| {
            let part = part.trim();
            part.parse::<f64>().map_err(|_| ParseDistributionError::Number { text: part.into() })
        };
        let form = || ParseDistributionError::Form { text: text.into() };
        let (kind, parameters) = text.trim().split_once(':').ok_or_else(form)?;
        match (kind, parameters.split_once(',')) {
            ("exp", None) => Ok(Self::exponential(number(parameters)?)?),
            ("det", None) => Ok(Self::deterministic(number(parameters)?)?),
            ("lognormal", Some((mean, cv))) => Ok(Self::lognormal(number(mean)?, number(cv)?)?),
            _ => Err(form()),
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Exponential { mean } => write!(f, "exp:{mean}"),
            Kind::Deterministic { value } => write!(f, "det:{value}"),
            Kind::Lognormal { mean, cv, .. } => write!(f, "lognormal:{mean},{cv}"),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn moments(distribution: Distribution) -> (f64, f64) {
        let (mut rng, n) = (Rng::new(11), 400_000);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let x = distribution.sample(&mut rng).as_secs_f64();
            sum += x;
            squares += x * x;
        }
        let mean = sum / f64::from(n);
        (mean, math::sqrt(squares / f64::from(n) - mean * mean) / mean)
    }

    #[test]
    fn draws_have_the_mean_and_the_variation_asked_for() {
        for (text, mean, cv) in
            [("exp:1.991", 1.991, 1.0), ("det:2", 2.0, 0.0), ("lognormal:2,0.5", 2.0, 0.5)]
        {
            let (got_mean, got_cv) = moments(text.parse().unwrap());
            // Standard error of the mean is below mean / sqrt(4e5) = 0.16 %.
            assert!((got_mean / mean - 1.0).abs() < 0.008, "{text}: mean {got_mean}");
            assert!((got_cv - cv).abs() < 0.01, "{text}: cv {got_cv}");
        }
    }

    #[test]
    fn text_comes_back_as_it_was() {
        for text in ["exp:1.991", "det:0", "det:0.25", "lognormal:2,0.5"] {
            assert_eq!(text.parse::<Distribution>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn bad_text_is_named() {
        for (text, want) in [
            ("gauss:1", "`gauss:1` is none of exp:MEAN, det:VALUE, lognormal:MEAN,CV (seconds)"),
            ("exp", "`exp` is none of exp:MEAN, det:VALUE, lognormal:MEAN,CV (seconds)"),
            ("exp:1,2", "`exp:1,2` is none of exp:MEAN, det:VALUE, lognormal:MEAN,CV (seconds)"),
            ("exp:two", "`two` is no number"),
            ("exp:0", "mean 0 s: must be over 0 and at most 1000000000 s"),
            ("exp:NaN", "mean NaN s: must be over 0 and at most 1000000000 s"),
            ("det:-1", "constant -1 s: must be at least 0 and at most 1000000000 s"),
            ("exp:inf", "mean inf s: must be over 0 and at most 1000000000 s"),
            ("lognormal:1,-2", "coefficient of variation -2: must be over 0 and at most 1000"),
        ] {
            assert_eq!(text.parse::<Distribution>().unwrap_err().to_string(), want);
        }
    }
}
