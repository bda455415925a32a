//! Capacity providers: how a strategy's base and weights share tasks out, and what
//! a provider does with a task for which there is no room yet.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// The provider of Fargate.
pub const FARGATE: &str = "FARGATE";
/// The provider of Fargate Spot.
pub const FARGATE_SPOT: &str = "FARGATE_SPOT";
/// Most providers of one strategy (Amazon ECS API reference).
pub const MAX_SHARES: usize = 20;
/// Largest weight.
pub const MAX_WEIGHT: u32 = 1_000;
/// Largest base.
pub const MAX_BASE: u32 = 100_000;

/// An Auto Scaling group as a capacity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityProvider {
    /// Its name; not beginning with `aws`, `ecs` or `fargate`.
    pub name: String,
    /// Whether Amazon ECS scales the group: then a task for which there is no room
    /// waits PROVISIONING; otherwise it fails.
    pub managed_scaling: bool,
}

/// One provider's part in a strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", default))]
pub struct ProviderShare {
    /// The provider.
    pub capacity_provider: String,
    /// Its part of the tasks beyond the base, beside the others' weights.
    pub weight: u32,
    /// The tasks that it gets first; for one provider of a strategy only.
    pub base: u32,
}

impl ProviderShare {
    /// A provider with that base and weight.
    pub fn new(name: &str, base: u32, weight: u32) -> Self {
        Self { capacity_provider: name.into(), weight, base }
    }

    /// Whether it is `FARGATE` or `FARGATE_SPOT`.
    pub fn is_fargate(&self) -> bool {
        [FARGATE, FARGATE_SPOT].contains(&self.capacity_provider.as_str())
    }
}

/// Why a strategy is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StrategyError {
    /// None, or more than [`MAX_SHARES`].
    Count {
        /// How many there are.
        count: usize,
    },
    /// A weight above [`MAX_WEIGHT`].
    Weight {
        /// The provider.
        provider: String,
        /// The weight.
        weight: u32,
    },
    /// A base above [`MAX_BASE`].
    Base {
        /// The provider.
        provider: String,
        /// The base.
        base: u32,
    },
    /// Two providers have a base.
    SecondBase {
        /// The second.
        provider: String,
    },
    /// Every weight is 0, so nothing could be placed beyond the base.
    ZeroWeights,
    /// A provider twice.
    Twice {
        /// The provider.
        provider: String,
    },
    /// Fargate beside Auto Scaling groups.
    Mixed,
    /// A provider that the cluster does not have.
    Unknown {
        /// The provider.
        provider: String,
    },
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { count } => {
                write!(
                    f,
                    "a strategy of {count} capacity providers: 1 to {MAX_SHARES} are possible"
                )
            }
            Self::Weight { provider, weight } => {
                write!(f, "weight {weight} of {provider}: at most {MAX_WEIGHT} is possible")
            }
            Self::Base { provider, base } => {
                write!(f, "base {base} of {provider}: at most {MAX_BASE} is possible")
            }
            Self::SecondBase { provider } => {
                write!(f, "base of {provider}: only one provider of a strategy has a base")
            }
            Self::ZeroWeights => {
                f.write_str("at least one capacity provider needs a weight greater than 0")
            }
            Self::Twice { provider } => write!(f, "capacity provider {provider} twice"),
            Self::Mixed => {
                f.write_str("Fargate and Auto Scaling group capacity providers cannot be mixed")
            }
            Self::Unknown { provider } => {
                write!(f, "The specified capacity provider {provider} was not found.")
            }
        }
    }
}

impl core::error::Error for StrategyError {}

/// Whether the shares make a strategy. O(shares²).
///
/// # Errors
/// The first thing that stands against it.
pub fn check(shares: &[ProviderShare]) -> Result<(), StrategyError> {
    if shares.is_empty() || shares.len() > MAX_SHARES {
        return Err(StrategyError::Count { count: shares.len() });
    }
    let mut based = false;
    for (at, share) in shares.iter().enumerate() {
        let provider = || share.capacity_provider.clone();
        if share.weight > MAX_WEIGHT {
            return Err(StrategyError::Weight { provider: provider(), weight: share.weight });
        }
        if share.base > MAX_BASE {
            return Err(StrategyError::Base { provider: provider(), base: share.base });
        }
        if share.base > 0 && core::mem::replace(&mut based, true) {
            return Err(StrategyError::SecondBase { provider: provider() });
        }
        if shares[..at].iter().any(|other| other.capacity_provider == share.capacity_provider) {
            return Err(StrategyError::Twice { provider: provider() });
        }
        if share.is_fargate() != shares[0].is_fargate() {
            return Err(StrategyError::Mixed);
        }
    }
    if shares.iter().all(|share| share.weight == 0) {
        return Err(StrategyError::ZeroWeights);
    }
    Ok(())
}

/// The position of the provider that gets the next task, when each has `counts`.
///
/// Up to its base, the provider with a base. Beyond it AWS publishes no rounding;
/// here the next task goes where the share falls furthest behind: with weights `w`
/// of sum `W`, and `e` of the `k` tasks beyond the base, where `w·(k + 1) − W·e` is
/// greatest; the first of equals. So after any number of tasks with two providers
/// each has its exact share, rounded to one task. Providers of weight 0 get none.
/// O(shares). A provider of `counts` beyond the shares counts nothing.
pub fn next_provider(shares: &[ProviderShare], counts: &[u32]) -> Option<usize> {
    let count = |at: usize| counts.get(at).copied().unwrap_or(0);
    let short_of_base = |at: &usize| count(*at) < shares[*at].base;
    if let Some(at) = (0..shares.len()).find(short_of_base) {
        return Some(at);
    }
    let extra = |at: usize| i64::from(count(at) - shares[at].base);
    let weighted = || (0..shares.len()).filter(|at| shares[*at].weight > 0);
    let next = weighted().map(extra).sum::<i64>() + 1;
    let weights: i64 = shares.iter().map(|share| i64::from(share.weight)).sum();
    let behind = |at: usize| i64::from(shares[at].weight) * next - weights * extra(at);
    weighted().max_by_key(|at| (behind(*at), core::cmp::Reverse(*at)))
}

/// How many of `tasks` each provider gets, when it has none. O(tasks · shares).
pub fn split(shares: &[ProviderShare], tasks: u32) -> Vec<u32> {
    let mut counts = vec![0; shares.len()];
    for _ in 0..tasks {
        let Some(at) = next_provider(shares, &counts) else { break };
        counts[at] += 1;
    }
    counts
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn two(base: u32, weights: [u32; 2]) -> [ProviderShare; 2] {
        [ProviderShare::new("a", base, weights[0]), ProviderShare::new("b", 0, weights[1])]
    }

    #[test]
    fn the_base_comes_first_then_the_weights() {
        // The guide's example: base 1, weights 1 and 4.
        let shares = two(1, [1, 4]);
        assert_eq!(split(&shares, 1), [1, 0]);
        assert_eq!(split(&shares, 6), [2, 4]);
        assert_eq!(split(&shares, 11), [3, 8]);
        assert_eq!(split(&two(0, [1, 1]), 5), [3, 2]);
        assert_eq!(split(&two(3, [0, 1]), 10), [3, 7]);
    }

    #[test]
    fn every_number_of_tasks_is_within_one_of_the_exact_share() {
        for weights in [[1, 4], [3, 7], [1, 1000], [999, 1000], [2, 3]] {
            let shares = two(0, weights);
            let total = u64::from(weights[0] + weights[1]);
            for tasks in 0..200 {
                let got = u64::from(split(&shares, tasks)[0]) * total;
                let exact = u64::from(tasks) * u64::from(weights[0]);
                assert!(got.abs_diff(exact) < total, "{tasks} tasks by {weights:?}");
            }
        }
    }

    #[test]
    fn strategies_that_aws_refuses_are_refused_by_name() {
        let refuses = |shares: &[ProviderShare]| check(shares).unwrap_err().to_string();
        assert!(refuses(&[]).contains("0 capacity providers"));
        assert!(refuses(&two(0, [0, 0])).contains("weight greater than 0"));
        assert!(refuses(&two(0, [1_001, 1])).contains("weight 1001 of a: at most 1000"));
        let mut bases = two(1, [1, 1]);
        bases[1].base = 2;
        assert!(refuses(&bases).contains("base of b"));
        let mixed = [ProviderShare::new(FARGATE, 0, 1), ProviderShare::new("asg", 0, 1)];
        assert_eq!(check(&mixed), Err(StrategyError::Mixed));
        let spot = [ProviderShare::new(FARGATE, 1, 1), ProviderShare::new(FARGATE_SPOT, 0, 4)];
        assert_eq!(check(&spot), Ok(()));
    }
}
