//! Placement constraints: which nodes a task may run on at all.
//!
//! The two constraints of Amazon ECS (Developer Guide, "Task placement
//! constraints"): `distinctInstance`, and `memberOf` with an expression of the
//! cluster query language (Developer Guide, "Cluster query language").
//!
//! | file | subject |
//! |---|---|
//! | `ast` | what an expression is |
//! | `parse` | from text, with the position of each error |
//! | `value` | versions and dates |
//! | `evaluate` | whether a node is a member |
//!
//! The grammar, with `and` binding closer than `or` (the guide does not say):
//!
//! ```text
//! expr := or        or := and (("||" | "or") and)*      and := un (("&&" | "and") un)*
//! un   := ("!" | "not") un | "(" expr ")" | subject operator [argument]
//! ```
//!
//! ```
//! use warmstow_core::placement::constraint::Expression;
//!
//! let expression =
//!     Expression::parse("attribute:ecs.instance-type =~ g2.* and not(task:group == database)")?;
//! assert!(expression.asks_for_tasks());
//!
//! let error = Expression::parse("runningTasksCount == many").unwrap_err();
//! assert_eq!(error.at, 21);
//! assert_eq!(error.to_string(), "at character 21: a whole number is expected");
//! # Ok::<(), warmstow_core::placement::constraint::ExpressionError>(())
//! ```

mod ast;
mod error;
mod evaluate;
mod parse;
#[cfg(all(test, not(loom)))]
mod tests;
mod value;

pub use ast::{Constraint, Expression};
pub use error::{ConstraintError, ExpressionError, Fault};
pub use evaluate::Member;
pub use value::Version;

/// The longest expression, in characters (Amazon ECS API, `PlacementConstraint`).
pub const MAX_EXPRESSION: usize = 2_000;
/// The most constraints of one request (Amazon ECS API, `RunTask`).
pub const MAX_CONSTRAINTS: usize = 10;
/// How deep parentheses and negations may nest: the parser recurses.
pub const MAX_DEPTH: u32 = 64;
