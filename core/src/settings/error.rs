//! What is wrong with a settings file: the line, the key, the value.

use alloc::string::String;
use core::fmt;

/// Why a settings file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The line, from 1.
    pub line: u32,
    /// The key from the top, with dots: `functions.resize.memory_mib`, or
    /// `nodes[2].zone`. Empty where the text is not TOML or JSON.
    pub key: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The text is not of its form: the parser's words.
    Syntax(String),
    /// No such key.
    UnknownKey {
        /// The keys that there are.
        known: &'static [&'static str],
    },
    /// The same key a second time.
    Repeated,
    /// A key that must be there is not.
    Missing,
    /// A value of another type.
    Type {
        /// What is there.
        found: &'static str,
        /// What is to be there.
        expected: &'static str,
    },
    /// A number out of its range.
    Range {
        /// The number.
        value: String,
        /// The least that it can be.
        least: u64,
        /// The most.
        most: u64,
    },
    /// A word that is none of those known.
    Word {
        /// The word.
        value: String,
        /// The words that there are.
        known: &'static [&'static str],
    },
    /// What the values say cannot be: the words of the type that refused it.
    Refused(String),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.key.is_empty() {
            write!(f, ", {}", self.key)?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(what) | Self::Refused(what) => f.write_str(what),
            Self::UnknownKey { known } => {
                f.write_str("no such key; there are")?;
                list(f, known)
            }
            Self::Repeated => f.write_str("the key is there twice"),
            Self::Missing => f.write_str("the key is missing"),
            Self::Type { found, expected } => write!(f, "is {found}, not {expected}"),
            Self::Range { value, least, most } => {
                write!(f, "is {value}, outside {least} to {most}")
            }
            Self::Word { value, known } => {
                write!(f, "`{value}` is none of")?;
                list(f, known)
            }
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, words: &[&str]) -> fmt::Result {
    for (place, word) in words.iter().enumerate() {
        write!(f, "{} {word}", if place == 0 { "" } else { "," })?;
    }
    Ok(())
}

impl core::error::Error for SettingsError {}
