//! Attributes of container instances: names with or without a value.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::fmt;

/// Built in: the availability zone.
pub const AVAILABILITY_ZONE: &str = "ecs.availability-zone";
/// Built in: the EC2 instance type.
pub const INSTANCE_TYPE: &str = "ecs.instance-type";
/// Built in: `linux` or `windows`.
pub const OS_TYPE: &str = "ecs.os-type";
/// Built in: `x86_64` or `arm64`.
pub const CPU_ARCHITECTURE: &str = "ecs.cpu-architecture";

/// The longest name and the longest value, in characters (Amazon ECS API,
/// `Attribute`).
pub const MAX_ATTRIBUTE: usize = 128;

/// The attributes of a node, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(BTreeMap<Box<str>, Box<str>>);

impl Attributes {
    /// The value of that attribute, empty where it has none; `None` where the
    /// attribute is not there. O(log attributes).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| &**value)
    }

    /// Adds an attribute or replaces its value; an empty `value` is none.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.into(), value.into());
    }

    /// Takes an attribute away; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether the names and values are such as Amazon ECS takes.
    pub(crate) fn check(&self) -> Result<(), AttributeError> {
        for (name, value) in self.iter() {
            if !is_attribute_name(name) {
                return Err(AttributeError::Name { name: name.into() });
            }
            if !is_value(value) {
                return Err(AttributeError::Value { name: name.into(), value: value.into() });
            }
        }
        Ok(())
    }
}

/// 1 to 128 letters, digits, `-`, `_`, `/`, `\` and `.`.
pub(in crate::placement) fn is_attribute_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '\\' | '.');
    (1..=MAX_ATTRIBUTE).contains(&name.len()) && name.chars().all(known)
}

/// Up to 128 letters, digits, `-_./\@:` and spaces, no space at either end.
fn is_value(value: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || "-_./\\@: ".contains(c);
    value.chars().count() <= MAX_ATTRIBUTE && value.chars().all(known) && value.trim() == value
}

/// Why an attribute is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeError {
    /// The name has a character that names cannot have, none, or more than
    /// [`MAX_ATTRIBUTE`].
    Name {
        /// The name refused.
        name: Box<str>,
    },
    /// The value has a character that values cannot have, a space at an end, or
    /// more than [`MAX_ATTRIBUTE`] characters.
    Value {
        /// The attribute.
        name: Box<str>,
        /// The value refused.
        value: Box<str>,
    },
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "`{name}` is no attribute: a name has 1 to {MAX_ATTRIBUTE} letters, digits, \
                 `-_/\\.`"
            ),
            Self::Value { name, value } => write!(
                f,
                "`{value}` is no value of attribute {name}: up to {MAX_ATTRIBUTE} letters, \
                 digits, `-_./\\@:` and spaces, no space at an end"
            ),
        }
    }
}

impl core::error::Error for AttributeError {}
