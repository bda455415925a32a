//! Regions with AWS Lambda's rates and with aliases.

use warmstow_core::concurrency::Rate;
use warmstow_core::function::{RegionConfig, ScalingRate};
use warmstow_core::time::Duration;

use crate::boundary::{self, Caller, Growing};
use crate::failure::Failure;
use crate::region::{open, warmstow_region, warmstow_region_config};

/// A region's rates as a whole; see warmstow_region_model_default().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_profile {
    /// No rates, as warmstow_region_open() has it.
    WARMSTOW_PROFILE_OFF = 0,
    /// AWS Lambda's since November 2023: 1000 new instances in 10 s for each
    /// function, and 10 requests a second for each unit of concurrency.
    WARMSTOW_PROFILE_LAMBDA = 1,
    /// AWS Lambda's before: a burst of 3000 instances of all functions together
    /// (1000 or 500 in smaller regions: set scaling_burst), then 500 a minute.
    WARMSTOW_PROFILE_LAMBDA_2019 = 2,
}

use warmstow_profile as P;

/// By warmstow_profile's numbers.
const PROFILES: [P; 3] =
    [P::WARMSTOW_PROFILE_OFF, P::WARMSTOW_PROFILE_LAMBDA, P::WARMSTOW_PROFILE_LAMBDA_2019];

/// Whose starts a scaling rate counts.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_scaling {
    /// Instances are started as fast as requests come.
    WARMSTOW_SCALING_UNLIMITED = 0,
    /// Those of each function, whatever the others do.
    WARMSTOW_SCALING_EACH_FUNCTION = 1,
    /// Those of all functions together.
    WARMSTOW_SCALING_TOGETHER = 2,
}

use warmstow_scaling as G;

/// By warmstow_scaling's numbers.
const SCALINGS: [G; 3] = [
    G::WARMSTOW_SCALING_UNLIMITED,
    G::WARMSTOW_SCALING_EACH_FUNCTION,
    G::WARMSTOW_SCALING_TOGETHER,
];

/// What a region has of AWS Lambda's model beside its limits; initialise by
/// warmstow_region_model_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_region_model {
    /// sizeof(warmstow_region_model), as the program was compiled.
    pub struct_size: u32,
    /// Requests a second for each unit of concurrency: so many times the
    /// account limit for all functions, and so many times its reservation for
    /// one that has one. AWS: 10. 0: no such limit.
    pub requests_per_concurrency: u32,
    /// A warmstow_scaling: of whom instances are started at the rate
    /// scaling_count in scaling_per_ns.
    pub scaling: u32,
    /// So many instances in each period; 1 or more but with
    /// WARMSTOW_SCALING_UNLIMITED, where it is not looked at.
    pub scaling_count: u32,
    /// The most at once after a rest; as scaling_count.
    pub scaling_burst: u32,
    /// How many aliases of versions there can be in the life of the region, up
    /// to 2^24; default 1024.
    pub max_aliases: u32,
    /// The period, in nanoseconds.
    pub scaling_per_ns: u64,
    /// About how many threads invoke at the same time, 1 to 256: the lanes that
    /// warmstow_invoke_in() folds its lane over. Default 16.
    pub lanes: u32,
    /// Always 0.
    pub reserved_field: u32,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_region_model {}

impl warmstow_region_model {
    fn of_profile(profile: P) -> Self {
        let default = RegionConfig::default();
        let requests_per_concurrency = match profile {
            P::WARMSTOW_PROFILE_OFF => 0,
            _ => RegionConfig::LAMBDA_REQUESTS_PER_CONCURRENCY,
        };
        let (scaling, rate) = match profile {
            P::WARMSTOW_PROFILE_OFF => (G::WARMSTOW_SCALING_UNLIMITED, None),
            P::WARMSTOW_PROFILE_LAMBDA => {
                (G::WARMSTOW_SCALING_EACH_FUNCTION, Some(Rate::LAMBDA_SCALING))
            }
            P::WARMSTOW_PROFILE_LAMBDA_2019 => {
                (G::WARMSTOW_SCALING_TOGETHER, Some(Rate::lambda_scaling_2019(3_000)))
            }
        };
        Self {
            struct_size: Self::STRUCT_SIZE,
            requests_per_concurrency,
            scaling: scaling as u32,
            scaling_count: rate.map_or(0, |rate| rate.count),
            scaling_burst: rate.map_or(0, |rate| rate.burst),
            max_aliases: 1_024,
            scaling_per_ns: rate.map_or(0, |rate| rate.per.as_nanos()),
            lanes: default.lanes,
            reserved_field: 0,
        }
    }

    /// The settings that these are of, beside `config`'s.
    fn to_core(self, config: RegionConfig) -> Result<RegionConfig, Failure> {
        boundary::unused(self.reserved_field, "model")?;
        let rate = Rate {
            count: self.scaling_count,
            per: Duration::from_nanos(self.scaling_per_ns),
            burst: self.scaling_burst,
        };
        let scaling_rate = match boundary::choose(self.scaling, &SCALINGS, "model.scaling")? {
            G::WARMSTOW_SCALING_UNLIMITED => ScalingRate::Unlimited,
            G::WARMSTOW_SCALING_EACH_FUNCTION => ScalingRate::EachFunction(rate),
            G::WARMSTOW_SCALING_TOGETHER => ScalingRate::Together(rate),
        };
        Ok(RegionConfig {
            requests_per_concurrency: self.requests_per_concurrency,
            scaling_rate,
            max_aliases: self.max_aliases,
            lanes: self.lanes,
            ..config
        })
    }
}

/// Fills in the rates of a profile and the other defaults, struct_size among
/// them.
///
/// profile: a warmstow_profile. struct_size: sizeof *model. Errors: NULL,
/// MISALIGNED, STRUCT_SIZE, ENUM; then *model is untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_region_model_default(
    profile: u32,
    model: *mut warmstow_region_model,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out_sized(model, struct_size, "model")?;
        let profile = boundary::choose(profile, &PROFILES, "profile")?;
        out.set(warmstow_region_model::of_profile(profile));
        Ok(())
    })
}

/// As warmstow_region_open(), with rates and aliases, which that call leaves
/// out. A request that a rate refuses answers THROTTLED; its refusal says which
/// rate.
///
/// Errors: NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, ENUM, REGION_CONFIG,
/// REGIONS_FULL; then *region is untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_region_open_model(
    config: *const warmstow_region_config,
    model: *const warmstow_region_model,
    region: *mut warmstow_region,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = caller.read(config, "config")?;
        let model = caller.read(model, "model")?;
        let out = caller.out(region, "region")?;
        out.set(open(model.to_core(config.to_core()?)?)?);
        Ok(())
    })
}
