//! How long a cold start takes: a sum of stages.

use super::distribution::Distribution;
use crate::rng::Rng;
use crate::time::Duration;

/// The length of a cold start, as the sum of its stages.
///
/// Measured platforms show a cold start to be a sum (pod or sandbox
/// allocation, code, dependencies, scheduling: A. Joosen et al., "Serverless
/// cold starts and where to find them", EuroSys 2025). Here `environment` is
/// what the platform does before it touches the function, `code` what depends
/// on the function: download and initialisation. Stages are drawn apart and
/// added.
///
/// ```
/// use warmstow_core::sim::ColdStart;
///
/// let cold = ColdStart::new("det:0.2".parse()?, "exp:0.3".parse()?);
/// assert_eq!(cold.mean_s(), 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ColdStart {
    /// Making the environment: sandbox, network, scheduling.
    pub environment: Distribution,
    /// Loading and initialising the function's code.
    pub code: Distribution,
}

impl ColdStart {
    /// A cold start that takes no time.
    pub const NONE: Self = Self { environment: Distribution::ZERO, code: Distribution::ZERO };

    /// The sum of `environment` and `code`.
    pub const fn new(environment: Distribution, code: Distribution) -> Self {
        Self { environment, code }
    }

    /// The mean, in seconds.
    pub fn mean_s(&self) -> f64 {
        self.environment.mean_s() + self.code.mean_s()
    }

    /// One draw: the environment's stage first, then the code's.
    #[inline]
    pub fn sample(&self, rng: &mut Rng) -> Duration {
        let (environment, code) = self.stages(rng);
        environment.plus(code)
    }

    /// One draw, stage by stage.
    #[inline]
    pub(super) fn stages(&self, rng: &mut Rng) -> (Duration, Duration) {
        let environment = self.environment.sample(rng);
        (environment, self.code.sample(rng))
    }
}
