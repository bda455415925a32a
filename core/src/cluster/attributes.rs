//! Attributes of instances change while they are members.
//!
//! Amazon ECS API Reference, `PutAttributes` and `DeleteAttributes`. Constraints of
//! tasks that run already are not looked at again, but for those of daemons, which
//! their service re-evaluates.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::instance::ContainerInstanceId;
use super::members::MemberError;
use super::state::Cluster;
use crate::placement::view::{AttributeError, Attributes};
use crate::time::Instant;

/// Most attributes of one call, and most custom ones of an instance.
pub const MAX_CUSTOM_ATTRIBUTES: usize = 10;
/// What the names of attributes that are not custom begin with.
const BUILT_IN: [&str; 2] = ["ecs.", "com.amazonaws.ecs."];

fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|prefix| name.starts_with(prefix))
}

/// An attribute of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceAttribute {
    /// The instance.
    pub instance: ContainerInstanceId,
    /// Up to 128 letters, digits and `-_/\.`; not one that begins with `ecs.`.
    pub name: String,
    /// Its value, if it has one.
    pub value: Option<String>,
}

/// Why attributes are not changed; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeAttributesError {
    /// The instance is no member.
    Member(MemberError),
    /// One of them is none.
    Attribute(AttributeError),
    /// A name that the agent and Amazon ECS keep to themselves.
    BuiltIn {
        /// The name.
        name: String,
    },
    /// None, or more than [`MAX_CUSTOM_ATTRIBUTES`] in one call.
    Count {
        /// How many there are.
        count: usize,
    },
    /// An instance would have more than [`MAX_CUSTOM_ATTRIBUTES`] custom ones.
    Limit {
        /// The instance.
        instance: ContainerInstanceId,
        /// How many it would have.
        count: usize,
    },
}

impl fmt::Display for ChangeAttributesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(error) => error.fmt(f),
            Self::Attribute(error) => error.fmt(f),
            Self::BuiltIn { name } => {
                write!(f, "attribute {name:?}: names that begin with `ecs.` are built in")
            }
            Self::Count { count } => {
                write!(f, "{count} attributes: 1 to {MAX_CUSTOM_ATTRIBUTES} are possible")
            }
            Self::Limit { instance, count } => write!(
                f,
                "{instance} would have {count} custom attributes, {MAX_CUSTOM_ATTRIBUTES} at most"
            ),
        }
    }
}

impl core::error::Error for ChangeAttributesError {}

impl Cluster {
    /// Adds attributes, or replaces their values: all or none of them. Tasks that
    /// wait for capacity are looked at again. O(attributes + waiting).
    ///
    /// # Errors
    /// An attribute or its instance is none, or there are too many.
    pub fn put_attributes(
        &mut self,
        now: Instant,
        attributes: &[InstanceAttribute],
    ) -> Result<(), ChangeAttributesError> {
        self.check_change(attributes.iter().map(|one| (one.instance, one.name.as_str())))?;
        let mut names: BTreeMap<ContainerInstanceId, BTreeSet<&str>> = BTreeMap::new();
        for one in attributes {
            let mut alone = Attributes::default();
            alone.set(&one.name, one.value.as_deref().unwrap_or_default());
            alone.check().map_err(ChangeAttributesError::Attribute)?;
            names.entry(one.instance).or_default().insert(&one.name);
        }
        for (instance, mut names) in names {
            let Some(has) = self.instances.get(&instance) else { continue };
            names.extend(has.registration.attributes.keys().map(String::as_str));
            let count = names.iter().filter(|name| !is_built_in(name)).count();
            if count > MAX_CUSTOM_ATTRIBUTES {
                return Err(ChangeAttributesError::Limit { instance, count });
            }
        }
        for InstanceAttribute { instance: id, name, value } in attributes {
            let Some(instance) = self.instances.get_mut(id) else { continue };
            instance.registration.attributes.insert(name.clone(), value.clone());
            instance.version += 1;
            if let Some(node) = instance.node {
                let text = value.as_deref().unwrap_or_default();
                let shown = self.view.set_attribute(node, name, text);
                debug_assert!(shown.is_ok());
            }
        }
        self.attributes_changed(now, attributes.iter().map(|one| one.instance));
        Ok(())
    }

    /// Takes attributes away; the answer says which were there, with their values.
    /// O(attributes + waiting).
    ///
    /// # Errors
    /// An instance is no member, a name is built in, or there are too many.
    pub fn delete_attributes(
        &mut self,
        now: Instant,
        attributes: &[(ContainerInstanceId, &str)],
    ) -> Result<Vec<InstanceAttribute>, ChangeAttributesError> {
        self.check_change(attributes.iter().copied())?;
        let mut removed = Vec::new();
        for &(id, name) in attributes {
            let Some(instance) = self.instances.get_mut(&id) else { continue };
            let Some(value) = instance.registration.attributes.remove(name) else { continue };
            instance.version += 1;
            if let Some(node) = instance.node {
                let shown = self.view.remove_attribute(node, name);
                debug_assert_eq!(shown, Ok(true));
            }
            removed.push(InstanceAttribute { instance: id, name: name.into(), value });
        }
        self.attributes_changed(now, attributes.iter().map(|(instance, _)| *instance));
        Ok(removed)
    }

    fn check_change<'a>(
        &self,
        attributes: impl ExactSizeIterator<Item = (ContainerInstanceId, &'a str)>,
    ) -> Result<(), ChangeAttributesError> {
        let count = attributes.len();
        if !(1..=MAX_CUSTOM_ATTRIBUTES).contains(&count) {
            return Err(ChangeAttributesError::Count { count });
        }
        for (instance, name) in attributes {
            let member = match self.instances.get(&instance) {
                None => Err(MemberError::Unknown { instance }),
                Some(one) if one.status.is_member() => Ok(()),
                Some(one) => Err(MemberError::NotThere { instance, status: one.status }),
            };
            member.map_err(ChangeAttributesError::Member)?;
            if is_built_in(name) {
                return Err(ChangeAttributesError::BuiltIn { name: name.into() });
            }
        }
        Ok(())
    }

    fn attributes_changed(
        &mut self,
        now: Instant,
        instances: impl Iterator<Item = ContainerInstanceId>,
    ) {
        let now = self.clock(now);
        for instance in instances.collect::<BTreeSet<_>>() {
            self.keep_on(instance);
        }
        self.place_waiting(now);
    }
}
