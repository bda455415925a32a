//! Where tasks of a request may run at all, whatever room there is now.

use alloc::vec::Vec;

use super::capacity_provider::ProviderShare;
use super::instance::{ContainerInstance, ContainerInstanceId};
use super::placing::{Asked, Order};
use super::run::{RunError, RunRequest};
use super::state::Cluster;
use super::task::LaunchType;
use super::task_definition::Requirements;

/// Where tasks of a request may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// On Fargate, or on instances that Amazon ECS starts for them.
    Endless,
    /// On instances that are there.
    Instances {
        /// Which, in order.
        ids: Vec<ContainerInstanceId>,
        /// Whether each takes one task of the group at most.
        distinct: bool,
        /// What a task takes.
        needed: Requirements,
    },
}

impl Cluster {
    /// Where tasks of a request may run while instances, attributes and agents stay
    /// as they are. A constraint that asks for tasks counts as met, since they come
    /// and go. `by_name`: the caller names the instance (`StartTask`, daemons), and
    /// capacity providers do not count. O(instances x (constraints + providers)).
    ///
    /// # Errors
    /// The request is refused whatever the room.
    pub(crate) fn reach(&self, request: &RunRequest, by_name: bool) -> Result<Reach, RunError> {
        self.check(request)?;
        let shares = self.launch_of(request).0.filter(|_| !by_name);
        let used = |share: &&ProviderShare| share.weight > 0 || share.base > 0;
        let names: Option<Vec<&str>> = shares
            .map(|all| all.iter().filter(used).map(|one| one.capacity_provider.as_str()).collect());
        let scaled = |name: &&str| self.providers.get(*name).is_some_and(|of| of.managed_scaling);
        if self.launch_type(request) == LaunchType::Fargate
            || names.as_ref().is_some_and(|names| names.iter().any(scaled))
        {
            return Ok(Reach::Endless);
        }
        let definition = &request.definition.definition;
        let needed = if request.overrides.is_empty() {
            definition.requirements()
        } else {
            let changed = request.overrides.apply(definition, &self.settings.rules);
            changed.map_err(RunError::Definition)?.requirements()
        };
        let asked = Asked::new(request, definition)?;
        let group = request.group();
        let order = Order {
            group: &group,
            requirements: &needed,
            asked: &asked,
            zones: &request.zones,
            provider: None,
            zone: None,
        };
        let wanted = order.request();
        let ours = |one: &ContainerInstance| {
            let of = one.registration.capacity_provider.as_deref();
            names.as_ref().is_none_or(|names| of.is_some_and(|of| names.contains(&of)))
        };
        let open = |one: &&ContainerInstance| {
            let meets = |node| self.view.is_eligible(&wanted, node);
            one.accepts_tasks() && ours(one) && one.node.is_some_and(meets)
        };
        let ids = self.instances.values().filter(open).map(ContainerInstance::id).collect();
        Ok(Reach::Instances { ids, distinct: asked.is_distinct(), needed })
    }
}
