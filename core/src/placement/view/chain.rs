//! Strategies, one after the other: each chooses among the ties of the one
//! before (Amazon ECS Developer Guide, "Task placement strategies").

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::attributes::{AVAILABILITY_ZONE, is_attribute_name};
use crate::placement::score::Scorer;
use crate::resources::Resource;

/// The most strategies of one request (Amazon ECS API, `RunTask`).
pub const MAX_STRATEGIES: usize = 5;

/// One strategy. Each is best effort: it never keeps a task from running.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The node with the least of that resource left.
    Binpack(Resource),
    /// Where the fewest tasks of the same group are.
    Spread(SpreadOver),
    /// Any of them, each as likely as the others, by the view's seed.
    Random,
    /// The highest score of another scheduler's rule, which Amazon ECS does not
    /// have.
    Score(Scorer),
}

/// What [`Step::Spread`] counts tasks over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpreadOver {
    /// The container instance (`instanceId`, also called `host`).
    Instance,
    /// All nodes with the same value of that attribute, those without room
    /// included. Amazon ECS does not say where nodes without the attribute
    /// stand; here they come after all that have it.
    Attribute(Box<str>),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binpack(Resource::Cpu) => f.write_str("binpack:cpu"),
            Self::Binpack(Resource::Memory) => f.write_str("binpack:memory"),
            Self::Spread(SpreadOver::Instance) => f.write_str("spread:instanceId"),
            Self::Spread(SpreadOver::Attribute(name)) => write!(f, "spread:attribute:{name}"),
            Self::Random => f.write_str("random"),
            Self::Score(scorer) => write!(f, "score:{scorer}"),
        }
    }
}

/// Up to [`MAX_STRATEGIES`] strategies in their order. With none, the node
/// with the lowest index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(Vec<Step>);

impl Chain {
    /// These strategies, in this order.
    ///
    /// # Errors
    ///
    /// [`ChainError`] where there are too many of them or an attribute's name
    /// is none.
    pub fn new(steps: Vec<Step>) -> Result<Self, ChainError> {
        if steps.len() > MAX_STRATEGIES {
            return Err(ChainError::TooMany { strategies: steps.len() });
        }
        for step in &steps {
            match step {
                Step::Spread(SpreadOver::Attribute(name)) if !is_attribute_name(name) => {
                    return Err(ChainError::Unknown { name: alloc::format!("{step}") });
                }
                _ => {}
            }
        }
        Ok(Self(steps))
    }

    /// The strategies of these names: `binpack:cpu`, `binpack:memory`,
    /// `spread:instanceId` or `spread:host`, `spread:attribute:NAME`, `random`,
    /// and `score:NAME` of a [`Scorer`].
    ///
    /// # Errors
    ///
    /// [`ChainError`] names the first that is none, or says that there are too
    /// many.
    pub fn parse(names: &[&str]) -> Result<Self, ChainError> {
        let steps: Result<Vec<_>, _> = names.iter().map(|name| parsed(name)).collect();
        Self::new(steps?)
    }

    /// The same, and `spread:zone` and `spread:node` for short, as commands and
    /// scenarios name them. Requests of Amazon ECS do not.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse).
    ///
    /// ```
    /// use warmstow_core::placement::view::Chain;
    ///
    /// let chain = Chain::parse_short(&["spread:zone", "binpack:cpu"])?;
    /// assert_eq!(chain.to_string(), "spread:attribute:ecs.availability-zone, binpack:cpu");
    /// assert!(Chain::parse(&["spread:zone"]).is_err());
    /// # Ok::<(), warmstow_core::placement::view::ChainError>(())
    /// ```
    pub fn parse_short(names: &[&str]) -> Result<Self, ChainError> {
        let long = |name: &&str| match *name {
            "spread:zone" => Ok(Step::Spread(SpreadOver::Attribute(AVAILABILITY_ZONE.into()))),
            "spread:node" => Ok(Step::Spread(SpreadOver::Instance)),
            name => parsed(name),
        };
        Self::new(names.iter().map(long).collect::<Result<_, _>>()?)
    }

    /// What Amazon ECS does for a service without strategies: the availability
    /// zone with the fewest tasks of the service, within it the instance with
    /// the fewest.
    ///
    /// `RunTask` without strategies has no documented rule; here it is the
    /// same, counting the tasks of the task group.
    pub fn of_service() -> Self {
        Self(vec![
            Step::Spread(SpreadOver::Attribute(AVAILABILITY_ZONE.into())),
            Step::Spread(SpreadOver::Instance),
        ])
    }

    /// The strategies.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl Default for Chain {
    /// [`Chain::of_service`].
    fn default() -> Self {
        Self::of_service()
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{step}")?;
        }
        Ok(())
    }
}

fn parsed(name: &str) -> Result<Step, ChainError> {
    let step = match name {
        "binpack:cpu" => Step::Binpack(Resource::Cpu),
        "binpack:memory" => Step::Binpack(Resource::Memory),
        "spread:instanceId" | "spread:host" => Step::Spread(SpreadOver::Instance),
        "random" => Step::Random,
        _ => match name.strip_prefix("spread:attribute:") {
            Some(attribute) => Step::Spread(SpreadOver::Attribute(attribute.into())),
            None => match name.strip_prefix("score:").and_then(Scorer::by_name) {
                Some(scorer) => Step::Score(scorer),
                None => return Err(ChainError::Unknown { name: name.into() }),
            },
        },
    };
    Ok(step)
}

/// Why strategies are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainError {
    /// More than [`MAX_STRATEGIES`].
    TooMany {
        /// How many there are.
        strategies: usize,
    },
    /// No strategy has that name.
    Unknown {
        /// The name refused.
        name: String,
    },
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { strategies } => {
                write!(f, "{strategies} strategies, {MAX_STRATEGIES} at most")
            }
            Self::Unknown { name } => write!(
                f,
                "`{name}` is no strategy; one of binpack:cpu, binpack:memory, spread:instanceId, \
                 spread:attribute:NAME, random, score:NAME"
            ),
        }
    }
}

impl core::error::Error for ChainError {}
