//! `family:revision`: revisions count up and are never used again.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use super::{DefinitionError, NetworkMode, Requirements, Rules, TaskDefinition};
use crate::time::Instant;

/// What may be done with a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "SCREAMING_SNAKE_CASE"))]
pub enum RevisionStatus {
    /// Tasks and services can use it.
    Active,
    /// Deregistered: what runs goes on, nothing new uses it.
    Inactive,
    /// To be gone once nothing uses it.
    DeleteInProgress,
}

impl RevisionStatus {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
        }
    }
}

/// One revision of a family. Its definition never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The definition, with the defaults that AWS fills in.
    pub definition: Arc<TaskDefinition>,
    /// Its number in the family, from 1.
    pub revision: u32,
    /// What may be done with it.
    pub status: RevisionStatus,
    /// What an instance must have free for a task of it.
    pub requirements: Requirements,
    /// When it was registered.
    pub registered_at: Instant,
    /// When it was deregistered.
    pub deregistered_at: Option<Instant>,
}

impl Registered {
    /// `family:revision`.
    pub fn name(&self) -> String {
        alloc::format!("{}:{}", self.definition.family, self.revision)
    }
}

/// Every revision of every family of an account.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    families: BTreeMap<String, Family>,
}

#[derive(Clone, Debug, Default)]
struct Family {
    /// The last number given out; it outlives the revision.
    last: u32,
    revisions: BTreeMap<u32, Arc<Registered>>,
}

/// Why the registry refuses; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The definition breaks a rule.
    Definition(DefinitionError),
    /// No such family, no active revision in it, or no such revision.
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The revision is not active.
    NotActive {
        /// The revision.
        name: String,
        /// What it is.
        status: RevisionStatus,
    },
    /// Only an inactive revision can be deleted.
    NotInactive {
        /// The revision.
        name: String,
        /// What it is.
        status: RevisionStatus,
    },
    /// A revision must be named, as `family:revision`.
    NoRevision {
        /// What was given.
        name: String,
    },
    /// The family has had 4,294,967,295 revisions.
    Exhausted {
        /// The family.
        family: String,
    },
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Definition(error) => error.fmt(f),
            Self::Unknown { .. } => f.write_str("Unable to describe task definition."),
            Self::NotActive { name, status } => {
                write!(f, "TaskDefinition is inactive: {name} is {}", status.as_str())
            }
            Self::NotInactive { name, status } => write!(
                f,
                "task definition {name} is {}: deregister it before it is deleted",
                status.as_str()
            ),
            Self::NoRevision { name } => write!(
                f,
                "Revision is missing: a task definition is named family:revision, not {name:?}"
            ),
            Self::Exhausted { family } => {
                write!(f, "family {family:?} has used all {} revisions", u32::MAX)
            }
        }
    }
}

impl core::error::Error for RegistryError {}

impl From<DefinitionError> for RegistryError {
    fn from(error: DefinitionError) -> Self {
        Self::Definition(error)
    }
}

impl Registry {
    /// No families.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the definition the next revision of its family. What AWS fills in is
    /// filled in: the network mode, and in `host` and `awsvpc` mode the host ports.
    /// O(log families + the check).
    ///
    /// # Errors
    /// The definition breaks a rule, or the family has no numbers left.
    pub fn register(
        &mut self,
        now: Instant,
        mut definition: TaskDefinition,
        rules: &Rules,
    ) -> Result<Arc<Registered>, RegistryError> {
        definition.check(rules)?;
        let family = self.families.get(&definition.family);
        let last = family.map_or(0, |family| family.last);
        let Some(revision) = last.checked_add(1) else {
            return Err(RegistryError::Exhausted { family: definition.family });
        };
        fill_in(&mut definition);
        let registered = Arc::new(Registered {
            requirements: definition.requirements(),
            definition: Arc::new(definition),
            revision,
            status: RevisionStatus::Active,
            registered_at: now,
            deregistered_at: None,
        });
        let family = self.families.entry(registered.definition.family.clone()).or_default();
        family.last = revision;
        family.revisions.insert(revision, Arc::clone(&registered));
        Ok(registered)
    }

    /// The revision of that name: `family:revision`, the latest active one of
    /// `family`, or either at the end of an ARN. O(log revisions), and for a family
    /// alone O(its revisions).
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, name: &str) -> Result<&Arc<Registered>, RegistryError> {
        let (family, revision) = split(name);
        let unknown = || RegistryError::Unknown { name: name.into() };
        let family = self.families.get(family).ok_or_else(unknown)?;
        let found = match revision {
            Some(revision) => {
                let revision: u32 = revision.parse().map_err(|_| unknown())?;
                family.revisions.get(&revision)
            }
            None => {
                let mut latest = family.revisions.values().rev();
                latest.find(|one| one.status == RevisionStatus::Active)
            }
        };
        found.ok_or_else(unknown)
    }

    /// The same, only where new tasks may use it.
    ///
    /// # Errors
    /// There is none, or it is not active.
    pub fn active(&self, name: &str) -> Result<&Arc<Registered>, RegistryError> {
        let found = self.get(name)?;
        if found.status != RevisionStatus::Active {
            let (name, status) = (found.name(), found.status);
            return Err(RegistryError::NotActive { name, status });
        }
        Ok(found)
    }

    /// Makes a revision inactive; what runs goes on. Done twice, it stays so.
    ///
    /// # Errors
    /// There is none of that name, or the name has no revision.
    pub fn deregister(
        &mut self,
        now: Instant,
        name: &str,
    ) -> Result<Arc<Registered>, RegistryError> {
        self.change(name, |one| {
            if one.status == RevisionStatus::Active {
                one.status = RevisionStatus::Inactive;
                one.deregistered_at = Some(now);
            }
            Ok(())
        })
    }

    /// Marks an inactive revision for deletion. It goes with [`purge`](Self::purge).
    ///
    /// # Errors
    /// There is none of that name, the name has no revision, or it is active.
    pub fn delete(&mut self, name: &str) -> Result<Arc<Registered>, RegistryError> {
        self.change(name, |one| {
            if one.status == RevisionStatus::Active {
                let (name, status) = (one.name(), one.status);
                return Err(RegistryError::NotInactive { name, status });
            }
            one.status = RevisionStatus::DeleteInProgress;
            Ok(())
        })
    }

    /// Forgets every revision marked for deletion that `in_use` does not name; its
    /// number is not given out again. O(revisions).
    pub fn purge(&mut self, in_use: impl Fn(&Registered) -> bool) {
        for family in self.families.values_mut() {
            family
                .revisions
                .retain(|_, one| one.status != RevisionStatus::DeleteInProgress || in_use(one));
        }
    }

    /// Every revision, by family and then by number.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Registered>> {
        self.families.values().flat_map(|family| family.revisions.values())
    }

    /// The families with a revision, and whether one of them is active.
    pub fn families(&self) -> impl Iterator<Item = (&str, bool)> {
        self.families.iter().filter(|(_, family)| !family.revisions.is_empty()).map(
            |(name, family)| {
                let mut revisions = family.revisions.values();
                (name.as_str(), revisions.any(|one| one.status == RevisionStatus::Active))
            },
        )
    }

    fn change(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Registered) -> Result<(), RegistryError>,
    ) -> Result<Arc<Registered>, RegistryError> {
        if split(name).1.is_none() {
            return Err(RegistryError::NoRevision { name: name.into() });
        }
        let found = self.get(name)?;
        let mut changed = Registered::clone(found);
        change(&mut changed)?;
        let changed = Arc::new(changed);
        if let Some(family) = self.families.get_mut(&changed.definition.family) {
            family.revisions.insert(changed.revision, Arc::clone(&changed));
        }
        Ok(changed)
    }
}

/// Family and revision of a name or ARN.
fn split(name: &str) -> (&str, Option<&str>) {
    let name = match name.split_once(":task-definition/") {
        Some((arn, rest)) if arn.starts_with("arn:") => rest,
        _ => name,
    };
    name.split_once(':').map_or((name, None), |(family, revision)| (family, Some(revision)))
}

/// What AWS fills in, and gives back when it describes the revision.
fn fill_in(definition: &mut TaskDefinition) {
    let mode = definition.network_mode();
    definition.network_mode = Some(mode);
    for container in &mut definition.container_definitions {
        container.essential = Some(container.is_essential());
        for mapping in &mut container.port_mappings {
            mapping.protocol = Some(mapping.protocol());
            let range = mapping.container_port_range.is_some();
            if mapping.host_port.is_none() && !range {
                mapping.host_port = match mode {
                    NetworkMode::Host | NetworkMode::Awsvpc => mapping.container_port,
                    NetworkMode::Bridge | NetworkMode::None => Some(0),
                };
            }
        }
    }
}
