//! What is wrong with a constraint or an expression, and where.

use alloc::boxed::Box;
use core::fmt;

use super::{MAX_DEPTH, MAX_EXPRESSION};

/// Why a text is no expression of the cluster query language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// The position of the first character that cannot be read, from 0.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with an expression at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Something else is expected there.
    Expected(&'static str),
    /// The expression has more than [`MAX_EXPRESSION`] characters.
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// Parentheses and negations nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// The operator does not apply to the subject before it.
    Operator {
        /// The subject.
        subject: &'static str,
        /// The operators that apply to it.
        allowed: &'static str,
    },
    /// The pattern is no regular expression of those that are understood, or
    /// one that takes more than 256 KiB.
    Pattern,
    /// The name of an attribute is empty, longer than 128 characters, or has a
    /// character other than letters, digits, `-`, `_`, `/`, `\` and `.`.
    AttributeName,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: ", self.at)?;
        match self.fault {
            Fault::Expected(what) => write!(f, "{what} is expected"),
            Fault::TooLong { characters } => {
                write!(f, "{characters} characters, {MAX_EXPRESSION} at most")
            }
            Fault::TooDeep => write!(f, "nested deeper than {MAX_DEPTH}"),
            Fault::Operator { subject, allowed } => {
                write!(f, "`{subject}` takes only {allowed}")
            }
            Fault::Pattern => write!(f, "a regular expression is expected"),
            Fault::AttributeName => {
                write!(f, "an attribute's name has 1 to 128 letters, digits, `-_/\\.`")
            }
        }
    }
}

impl core::error::Error for ExpressionError {}

/// Why a text is no constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConstraintError {
    /// It has none of the forms.
    Unknown {
        /// The text refused.
        text: Box<str>,
    },
    /// `memberOf:`, and then no expression.
    Expression(ExpressionError),
}

impl fmt::Display for ConstraintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { text } => write!(
                f,
                "{text:?} is no constraint; needs memberOf:EXPR, distinctInstance or \
                 maxSkew:ATTRIBUTE=N, N from 1"
            ),
            Self::Expression(error) => write!(f, "memberOf: {error}"),
        }
    }
}

impl core::error::Error for ConstraintError {}
