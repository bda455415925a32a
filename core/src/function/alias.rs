//! Aliases: names that point to one version, or to two by weight.
//!
//! The rules are AWS's (Developer Guide, "Lambda function aliases" and "Implement
//! Lambda canary deployments using a weighted alias"): both versions are
//! published ones, never `$LATEST`; each request is drawn by itself; what is
//! provisioned through an alias follows it to its next version.

use alloc::string::{String, ToString};
use core::fmt;

use super::allocation::Holder;
use super::{Control, ProvisionedError, VersionedFunction, Weight};
use crate::id::{AliasId, FunctionId};
use crate::time::Instant;

/// Where an alias points: a version, and perhaps another one for a share of the
/// requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing {
    /// The version.
    pub version: u32,
    /// The other one and its share.
    pub other: Option<(u32, Weight)>,
}

impl Routing {
    /// All to one version.
    pub const fn to(version: u32) -> Self {
        Self { version, other: None }
    }
}

/// An alias as its owner knows it.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) id: AliasId,
    pub(super) routing: Routing,
}

impl Alias {
    /// Whether it points to that version.
    pub(super) fn names(&self, version: u32) -> bool {
        self.routing.version == version
            || self.routing.other.is_some_and(|(other, _)| other == version)
    }
}

impl VersionedFunction {
    /// Makes an alias; requests name it by the answer.
    ///
    /// # Errors
    ///
    /// A name that is none or taken, a version that is not published, the same
    /// one twice, or one alias more than the region was built for.
    pub fn create_alias(
        &mut self,
        control: &mut Control,
        name: &str,
        routing: Routing,
    ) -> Result<AliasId, AliasError> {
        check_name(name)?;
        if self.aliases.iter().any(|alias| alias.name == name) {
            return Err(AliasError::NameTaken { name: name.to_string() });
        }
        let to = self.resolve(routing)?;
        let id = control.take_alias().ok_or_else(|| AliasError::Full {
            max_aliases: control.region().config().max_aliases,
        })?;
        if let Some(word) = control.region().alias(id) {
            word.set(Some(to));
        }
        self.aliases.push(Alias { name: name.to_string(), id, routing });
        Ok(id)
    }

    /// Points an alias elsewhere; requests from now on go there. What is
    /// provisioned through it moves: the old version's is released and the new
    /// one's prepared, and until that is ready its requests run on demand.
    ///
    /// # Errors
    ///
    /// No such alias, a version that is not published or the same one twice; or,
    /// where concurrency is provisioned through it, a new version that has some
    /// of its own.
    pub fn update_alias(
        &mut self,
        now: Instant,
        control: &mut Control,
        name: &str,
        routing: Routing,
    ) -> Result<(), AliasError> {
        let at = self.alias_at(name)?;
        let to = self.resolve(routing)?;
        let holder = Holder::Alias(name.to_string());
        let moves = self
            .allocation_of(&holder)
            .filter(|&at| self.allocations[at].version != routing.version);
        if let Some(from) = moves {
            self.move_provisioned(now, control, from, routing.version)
                .map_err(AliasError::Provisioned)?;
        }
        let alias = &mut self.aliases[at];
        alias.routing = routing;
        if let Some(word) = control.region().alias(alias.id) {
            word.set(Some(to));
        }
        self.handle_time(now, control);
        Ok(())
    }

    /// Deletes an alias, and what is provisioned through it. Requests of it are
    /// refused from now on. Its place is not given out again
    /// ([`RegionConfig::max_aliases`](super::RegionConfig::max_aliases)).
    ///
    /// # Errors
    ///
    /// No such alias.
    pub fn delete_alias(
        &mut self,
        now: Instant,
        control: &mut Control,
        name: &str,
    ) -> Result<(), AliasError> {
        let at = self.alias_at(name)?;
        let alias = self.aliases.remove(at);
        if let Some(word) = control.region().alias(alias.id) {
            word.set(None);
        }
        if let Some(at) = self.allocation_of(&Holder::Alias(name.to_string())) {
            self.release(now, control, at);
        }
        self.handle_time(now, control);
        Ok(())
    }

    /// What requests of an alias name.
    pub fn alias(&self, name: &str) -> Option<AliasId> {
        self.aliases.iter().find(|alias| alias.name == name).map(|alias| alias.id)
    }

    /// Where an alias points.
    pub fn routing(&self, name: &str) -> Option<Routing> {
        self.aliases.iter().find(|alias| alias.name == name).map(|alias| alias.routing)
    }

    fn alias_at(&self, name: &str) -> Result<usize, AliasError> {
        let at = self.aliases.iter().position(|alias| alias.name == name);
        at.ok_or_else(|| AliasError::Unknown { name: name.to_string() })
    }

    fn resolve(
        &self,
        routing: Routing,
    ) -> Result<(FunctionId, Option<(FunctionId, Weight)>), AliasError> {
        let pool = |version| self.version(version).ok_or(AliasError::NoVersion { version });
        let other = match routing.other {
            None => None,
            Some((version, _)) if version == routing.version => {
                return Err(AliasError::SameVersion { version });
            }
            Some((version, weight)) => Some((pool(version)?, weight)),
        };
        Ok((pool(routing.version)?, other))
    }
}

/// AWS: 1 to 128 letters, digits, `-` and `_`, and no number.
fn check_name(name: &str) -> Result<(), AliasError> {
    let right = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let number = name.chars().all(|c| c.is_ascii_digit());
    if name.is_empty() || name.len() > 128 || number || !name.chars().all(right) {
        return Err(AliasError::Name { name: name.to_string() });
    }
    Ok(())
}

/// Why an alias was not made, changed or deleted. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AliasError {
    /// The name is not 1 to 128 letters, digits, `-` and `_`, or is a number.
    Name {
        /// The name.
        name: String,
    },
    /// The function has an alias of that name.
    NameTaken {
        /// The name.
        name: String,
    },
    /// The function has none of that name.
    Unknown {
        /// The name.
        name: String,
    },
    /// That version is not published: `$LATEST` never is.
    NoVersion {
        /// Its number.
        version: u32,
    },
    /// Both versions are the same.
    SameVersion {
        /// Its number.
        version: u32,
    },
    /// The region has as many aliases as it was built for.
    Full {
        /// [`RegionConfig::max_aliases`](super::RegionConfig::max_aliases).
        max_aliases: u32,
    },
    /// What is provisioned through it cannot move.
    Provisioned(ProvisionedError),
}

impl AliasError {
    /// AWS Lambda's name of the exception.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Name { .. } => "ValidationException",
            Self::NameTaken { .. } => "ResourceConflictException",
            Self::Unknown { .. } | Self::NoVersion { .. } => "ResourceNotFoundException",
            Self::SameVersion { .. } => "InvalidParameterValueException",
            Self::Full { .. } => "ServiceException",
            Self::Provisioned(error) => error.kind(),
        }
    }
}

impl fmt::Display for AliasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "an alias is 1 to 128 letters, digits, - and _, and no number; {name:?} is not"
            ),
            Self::NameTaken { name } => write!(f, "the function has an alias {name:?}"),
            Self::Unknown { name } => write!(f, "the function has no alias {name:?}"),
            Self::NoVersion { version } => write!(f, "version {version} is not published"),
            Self::SameVersion { version } => {
                write!(f, "both versions are {version}: a weight is for another one")
            }
            Self::Full { max_aliases } => {
                write!(f, "one alias more than the {max_aliases} the region was built for")
            }
            Self::Provisioned(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AliasError {}
