//! What an expression is, once read.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use regex::bytes::Regex;

use super::error::{ConstraintError, ExpressionError};
use super::value::Version;
use crate::placement::view::AVAILABILITY_ZONE;

/// A placement constraint: binding, unlike a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Constraint {
    /// `distinctInstance`: each task of the group on a node of its own. Tasks
    /// of other groups do not count: two services ignore each other.
    DistinctInstance,
    /// `memberOf`: only on nodes for which the expression holds.
    MemberOf(Expression),
    /// Kubernetes' topology spread with `DoNotSchedule` (Amazon ECS has none): only
    /// on a node whose value of the attribute would then have at most `max_skew`
    /// tasks of the group more than the value with the fewest. The values are those
    /// of open nodes that meet the task's attributes, zones and constraints on
    /// attributes, whatever room they have; a node without the attribute takes none.
    /// (`spread:attribute:NAME` is `ScheduleAnyway`.)
    MaxSkew {
        /// The attribute: `topologyKey`.
        attribute: Box<str>,
        /// 1 or more.
        max_skew: u32,
    },
}

impl Constraint {
    /// The `memberOf` constraint of that expression.
    ///
    /// # Errors
    ///
    /// [`ExpressionError`] names the position and what is wrong there.
    pub fn member_of(expression: &str) -> Result<Self, ExpressionError> {
        Expression::parse(expression).map(Self::MemberOf)
    }

    /// A constraint as commands and hosts write it: `distinctInstance`,
    /// `memberOf:EXPR`, or `maxSkew:ATTRIBUTE=N`, where `zone` is short for the
    /// availability zone.
    ///
    /// # Errors
    ///
    /// [`ConstraintError`] where it is none of them.
    ///
    /// ```
    /// use warmstow_core::placement::constraint::Constraint;
    ///
    /// let spread = Constraint::parse("maxSkew:zone=1")?;
    /// assert_eq!(spread.to_string(), "maxSkew(ecs.availability-zone, 1)");
    /// assert!(Constraint::parse("maxSkew:zone=0").is_err());
    /// # Ok::<(), warmstow_core::placement::constraint::ConstraintError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        let unknown = || ConstraintError::Unknown { text: text.into() };
        if text == "distinctInstance" {
            return Ok(Self::DistinctInstance);
        }
        if let Some(expression) = text.strip_prefix("memberOf:") {
            return Self::member_of(expression).map_err(ConstraintError::Expression);
        }
        let skew = text.strip_prefix("maxSkew:").and_then(|skew| skew.rsplit_once('='));
        let (attribute, most) = skew.ok_or_else(unknown)?;
        match (attribute, most.parse()) {
            ("", _) | (_, Err(_) | Ok(0)) => Err(unknown()),
            (attribute, Ok(max_skew)) => {
                let attribute = if attribute == "zone" { AVAILABILITY_ZONE } else { attribute };
                Ok(Self::MaxSkew { attribute: attribute.into(), max_skew })
            }
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DistinctInstance => f.write_str("distinctInstance"),
            Self::MemberOf(expression) => write!(f, "memberOf({expression})"),
            Self::MaxSkew { attribute, max_skew } => write!(f, "maxSkew({attribute}, {max_skew})"),
        }
    }
}

/// An expression of the cluster query language, read and checked.
///
/// Cloning one is cheap. Two are equal where their texts are.
#[derive(Clone)]
pub struct Expression {
    pub(super) read: Arc<Read>,
}

/// A text and what it says.
pub(super) struct Read {
    pub(super) text: Box<str>,
    pub(super) root: Node,
    pub(super) asks_for_tasks: bool,
}

impl Expression {
    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.read.text
    }

    /// Whether it asks for what runs on a node (`runningTasksCount`,
    /// `task:group`), so that placing a task can change its answer.
    pub fn asks_for_tasks(&self) -> bool {
        self.read.asks_for_tasks
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.text())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Expression {}

/// A part of an expression.
pub(super) enum Node {
    /// One of them holds.
    Or(Vec<Self>),
    /// All of them hold.
    And(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A subject passes a test.
    Test(Subject, Test),
}

impl Node {
    /// Whether a subject of it is about tasks.
    pub(super) fn asks_for_tasks(&self) -> bool {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().any(Self::asks_for_tasks),
            Self::Not(part) => part.asks_for_tasks(),
            Self::Test(subject, _) => {
                matches!(subject, Subject::RunningTasksCount | Subject::TaskGroup)
            }
        }
    }
}

/// What is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    AgentConnected,
    AgentVersion,
    Ec2InstanceId,
    RegisteredAt,
    RunningTasksCount,
    TaskGroup,
    Attribute(Box<str>),
}

/// How it is tested. What negates stands in [`Node::Not`].
pub(super) enum Test {
    Exists,
    /// As text, or as numbers where both sides are numbers.
    Text(Relation, Box<str>),
    In(Vec<Box<str>>),
    /// The whole value matches.
    Matches(Regex),
    Number(Relation, u64),
    Version(Relation, Version),
    /// In seconds since 1970.
    Date(Relation, i64),
    Boolean(bool),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Relation {
    /// Whether it asks which is larger, not only whether they are the same.
    pub(super) fn is_order(self) -> bool {
        self != Self::Equal
    }

    /// Whether `left` stands so to `right`.
    pub(super) fn holds<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        let order = left.cmp(right);
        match self {
            Self::Equal => order.is_eq(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}
