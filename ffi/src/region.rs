//! Regions: open, close, the account's limit, and what they hold now.

use core::fmt;

use warmstow_core::function::{Region, RegionConfig};
use warmstow_core::placement::{SpreadBy, Strategy};
use warmstow_core::resources::Resource;

use crate::boundary::{self, Caller, Growing};
use crate::failure::Failure;
use crate::owner::Owner;
use crate::registry;
use crate::status::warmstow_status as S;

/// The most regions that are open at a time.
pub const WARMSTOW_MAX_REGIONS: u32 = 1024;

const _: () = assert!(WARMSTOW_MAX_REGIONS as usize == registry::MAX_REGIONS);

/// An open region: the functions of one account and the nodes they run on.
///
/// From warmstow_region_open() until warmstow_region_close(). All-zero is no
/// region.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_region {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// Which node a new instance goes to, of those with room. Ties go to the node
/// that was added first.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_strategy {
    /// The node with the least memory left: few nodes, well filled.
    WARMSTOW_STRATEGY_BINPACK_MEMORY = 0,
    /// The node with the least CPU left.
    WARMSTOW_STRATEGY_BINPACK_CPU = 1,
    /// The zone with the fewest instances, in it the node with the fewest.
    WARMSTOW_STRATEGY_SPREAD_ZONE = 2,
    /// The node with the fewest instances.
    WARMSTOW_STRATEGY_SPREAD_NODE = 3,
    /// Any, each as likely; drawn from the seed.
    WARMSTOW_STRATEGY_RANDOM = 4,
    /// The smallest of the larger leftovers: CPU and memory filled alike.
    WARMSTOW_STRATEGY_BINPACK_BALANCED = 5,
}

/// By warmstow_strategy's numbers.
const STRATEGIES: [Strategy; 6] = [
    Strategy::Binpack(Resource::Memory),
    Strategy::Binpack(Resource::Cpu),
    Strategy::Spread(SpreadBy::Zone),
    Strategy::Spread(SpreadBy::Node),
    Strategy::Random,
    Strategy::Balanced,
];

/// The settings of a region; initialise by warmstow_region_config_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_region_config {
    /// sizeof(warmstow_region_config), as the program was compiled.
    pub struct_size: u32,
    /// The most requests in flight over all functions; default 1000, as AWS.
    pub account_limit: u32,
    /// What reservations must leave of it to functions without one; default
    /// 100, as AWS.
    pub unreserved_minimum: u32,
    /// How many functions can be added, 1 to 2^24; default 1024.
    pub max_functions: u32,
    /// How many nodes can be added, up to 2^20; default 0: no fleet, instances
    /// take no room.
    pub max_nodes: u32,
    /// A warmstow_strategy; default WARMSTOW_STRATEGY_BINPACK_MEMORY.
    pub strategy: u32,
    /// What WARMSTOW_STRATEGY_RANDOM draws from; default 0.
    pub seed: u64,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_region_config {}

/// What a region holds at one moment; see warmstow_region_view_read().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_region_view {
    /// The account limit in force.
    pub account_limit: u32,
    /// The sum of all reservations, and of what is provisioned of functions
    /// without one.
    pub reserved_sum: u32,
    /// What reservations must leave to functions without one.
    pub unreserved_minimum: u32,
    /// Requests in flight of functions without a reservation.
    pub unreserved_in_flight: u32,
    /// Claimed concurrency, as AWS counts it: unreserved requests in flight
    /// and every reservation, used or not.
    pub claimed_concurrency: u64,
    /// Nodes added.
    pub nodes: u32,
    /// Always 0.
    pub reserved_field: u32,
}

/// The strategy of that number.
pub(crate) fn strategy(value: u32) -> Result<Strategy, Failure> {
    boundary::choose(value, &STRATEGIES, "strategy")
}

/// Fills in the defaults, struct_size among them.
///
/// struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE; then
/// *config is untouched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_region_config_default(
    config: *mut warmstow_region_config,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = caller.out_sized(config, struct_size, "config")?;
        let default = RegionConfig::default();
        config.set(warmstow_region_config {
            struct_size: warmstow_region_config::STRUCT_SIZE,
            account_limit: default.account_limit,
            unreserved_minimum: default.unreserved_minimum,
            max_functions: default.max_functions,
            max_nodes: default.max_nodes,
            strategy: warmstow_strategy::WARMSTOW_STRATEGY_BINPACK_MEMORY as u32,
            seed: default.seed,
        });
        Ok(())
    })
}

/// Opens a region without nodes or functions. The host owns it until
/// warmstow_region_close().
///
/// Errors: NULL, MISALIGNED, STRUCT_SIZE, ENUM (strategy), REGION_CONFIG,
/// REGIONS_FULL; then *region is untouched. Any thread;
/// allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_region_open(
    config: *const warmstow_region_config,
    region: *mut warmstow_region,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = caller.read(config, "config")?;
        let out = caller.out(region, "region")?;
        out.set(open(config.to_core()?)?);
        Ok(())
    })
}

impl warmstow_region_config {
    pub(crate) fn to_core(self) -> Result<RegionConfig, Failure> {
        Ok(RegionConfig {
            account_limit: self.account_limit,
            unreserved_minimum: self.unreserved_minimum,
            max_functions: self.max_functions,
            max_nodes: self.max_nodes,
            strategy: strategy(self.strategy)?,
            seed: self.seed,
            ..RegionConfig::default()
        })
    }
}

/// Opens a region of these settings under a generation of its own.
pub(crate) fn open(config: RegionConfig) -> Result<warmstow_region, Failure> {
    let generation = registry::next_generation().ok_or(Failure::RegionsFull)?;
    let config = RegionConfig { generation, ..config };
    let (region, control) = Region::new(config).map_err(config_failure)?;
    registry::open(region, Owner::new(control), None)
}

/// A region's settings that cannot be, as a failure.
pub(crate) fn config_failure(error: impl fmt::Display) -> Failure {
    boundary::written(S::WARMSTOW_ERROR_REGION_CONFIG, error)
}

/// Closes a region. Its handle and all that it gave out are stale from now on;
/// requests in flight are forgotten.
///
/// Other threads may be inside calls on the region: those finish as if they
/// had come before, and the memory is freed when the last one has.
///
/// Errors: REGION_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_region_close(region: warmstow_region) -> i32 {
    boundary::call(|| registry::close(region))
}

/// Sets the account limit. Requests in flight above it go on; none is admitted
/// until enough have ended.
///
/// Errors: REGION_STALE, POISONED, ACCOUNT_LIMIT; then the limit is as it was.
/// Any thread: control-plane calls on one region come one after the other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_region_set_account_limit(
    region: warmstow_region,
    account_limit: u32,
) -> i32 {
    boundary::on_region(region, |entry| {
        let mut control = entry.control()?;
        control
            .set_account_limit(account_limit)
            .map_err(|error| boundary::written(S::WARMSTOW_ERROR_ACCOUNT_LIMIT, error))
    })
}

/// Writes what the region holds now to *view.
///
/// struct_size: sizeof *view. While other threads work, the numbers can be one
/// call apart. Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE;
/// then *view is untouched. Any thread, control plane.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_region_view_read(
    region: warmstow_region,
    view: *mut warmstow_region_view,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::on_region(region, |entry| {
        let view = caller.out_sized(view, struct_size, "view")?;
        let control = entry.control()?;
        let region = entry.region();
        view.set(warmstow_region_view {
            account_limit: control.account_limit(),
            reserved_sum: control.reserved_sum(),
            unreserved_minimum: region.config().unreserved_minimum,
            unreserved_in_flight: region.unreserved_in_flight(),
            claimed_concurrency: control.claimed_concurrency(),
            nodes: region.fleet().map_or(0, |fleet| fleet.len()),
            reserved_field: 0,
        });
        Ok(())
    })
}
