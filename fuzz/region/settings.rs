//! A region as it is set up, and which of it is refused.

use std::sync::Arc;

use warmstow_core::function::{
    ConfigError, Control, FunctionError, FunctionSpec, Region, RegionConfig, SpecError,
};
use warmstow_core::id::FunctionId;
use warmstow_core::placement::{FitError, FleetError, MAX_NODES, NodeSpec, Strategy};
use warmstow_core::pool::PoolConfig;
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::time::Duration;

use crate::{limits_model, pool_model};

/// Functions that are asked for.
const FUNCTIONS: usize = 3;
/// Bytes of the settings of one of them.
const SPEC_BYTES: usize = 5;

/// What a region and its functions are asked to be.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The account's limit.
    pub account_limit: u32,
    /// What reservations must leave of it.
    pub unreserved_minimum: u32,
    /// How many functions there can be.
    pub max_functions: u32,
    /// How many nodes there can be.
    pub max_nodes: u32,
    /// How many of them are not there at first.
    pub late_nodes: u32,
    /// Which node an instance goes to.
    pub strategy: Strategy,
    /// What an instance of each function takes, and the shape of its pool.
    pub functions: [(Resources, PoolConfig); FUNCTIONS],
}

impl Settings {
    /// How many bytes stand for settings.
    pub(super) const BYTES: usize = 5 + FUNCTIONS * SPEC_BYTES;

    /// The settings that bytes stand for; all of them are some.
    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [limit, minimum, functions, nodes, strategy, specs @ ..] = bytes;
        let limits = limits_model::Settings::from_bytes([limit, minimum]);
        let specs = specs.as_chunks::<SPEC_BYTES>().0;
        Self {
            account_limit: limits.account_limit,
            unreserved_minimum: limits.unreserved_minimum,
            max_functions: match functions {
                0..244 => u32::from(functions) % 3 + 1,
                244..248 => 0,
                248..252 => RegionConfig::MAX_FUNCTIONS + 1,
                252.. => u32::MAX,
            },
            max_nodes: match nodes {
                0..248 => u32::from(nodes) % 4,
                248..252 => MAX_NODES + 1,
                252.. => u32::MAX,
            },
            late_nodes: 0,
            strategy: Strategy::ALL[usize::from(strategy) % Strategy::ALL.len()],
            functions: core::array::from_fn(|at| {
                let [cpu, memory, pool @ ..] = specs[at];
                (Resources::new(amount(cpu), amount(memory)), pool_model::shape(pool))
            }),
        }
    }

    /// The region with its nodes and with those functions that it accepts;
    /// `None` where it is refused itself.
    ///
    /// # Panics
    ///
    /// Where something is refused that is in range, or for another reason than
    /// the first that holds, or accepted though it is not.
    pub(super) fn build(&self) -> Option<(Arc<Region>, Control, Vec<FunctionId>)> {
        let config = RegionConfig {
            account_limit: self.account_limit,
            unreserved_minimum: self.unreserved_minimum,
            max_functions: self.max_functions,
            max_nodes: self.max_nodes,
            strategy: self.strategy,
            ..RegionConfig::default()
        };
        let (region, mut control) = match (Region::new(config), self.refusal()) {
            (Ok(made), None) => made,
            (made, expected) => {
                assert_eq!(made.err(), expected);
                return None;
            }
        };
        for node in 0..self.first_nodes() {
            let spec = NodeSpec::new(Self::node(node), 0);
            control.add_node(spec).expect("the fleet has room");
        }
        let mut functions = vec![];
        for (at, &(resources, pool)) in self.functions.iter().enumerate() {
            let spec = FunctionSpec {
                resources,
                max_instances: pool.max_instances,
                instance_concurrency: pool.instance_concurrency,
                reserved_concurrency: None,
                keep_alive: Duration::from_secs(60),
                pick: pool.pick,
            };
            match (control.add_function(&format!("f{at}"), spec), self.refused(functions.len(), at))
            {
                (Ok(function), None) => functions.push(function),
                (added, expected) => assert_eq!(added.err(), expected),
            }
        }
        Some((region, control, functions))
    }

    const fn first_nodes(&self) -> u32 {
        self.max_nodes.saturating_sub(self.late_nodes)
    }

    pub(super) fn node(index: u32) -> Resources {
        Resources::new(1_000 + index, 2_000)
    }

    fn refusal(&self) -> Option<ConfigError> {
        let value = self.max_functions;
        if !(1..=RegionConfig::MAX_FUNCTIONS).contains(&value) {
            return Some(ConfigError::MaxFunctions { value });
        }
        let error = FleetError::TooManyNodes { max_nodes: self.max_nodes as usize };
        (self.max_nodes > MAX_NODES).then_some(ConfigError::Fleet(error))
    }

    /// Why a function is refused as the next after `added`.
    fn refused(&self, added: usize, at: usize) -> Option<FunctionError> {
        let (resources, pool) = self.functions[at];
        if added == self.max_functions as usize {
            return Some(FunctionError::Full { max_functions: self.max_functions });
        }
        let both = [Resource::Memory, Resource::Cpu];
        for (resource, value) in both.map(|resource| (resource, resources.get(resource))) {
            if !(1..=Resources::MAX).contains(&value) {
                return Some(SpecError::Resources { resource, value }.into());
            }
        }
        if let Some(error) = pool_model::refusal(pool) {
            return Some(SpecError::Pool(error).into());
        }
        let largest = Self::node(self.first_nodes().checked_sub(1)?);
        let short = both.into_iter().find(|&r| resources.get(r) > largest.get(r))?;
        let (needed, largest) = (resources.get(short), largest.get(short));
        Some(FitError::TooLarge { resource: short, needed, largest }.into())
    }
}

/// A few sizes that nodes have room for, and the ends of the range.
const fn amount(byte: u8) -> u32 {
    match byte {
        0..236 => 100 + 100 * (byte as u32 % 3),
        236..240 => 1_001,
        240..244 => 0,
        244..248 => Resources::MAX,
        248..252 => Resources::MAX + 1,
        252.. => u32::MAX,
    }
}
