//! A cluster's capacity providers, and the tasks that wait for their capacity.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::capacity_provider::{self, CapacityProvider, ProviderShare, StrategyError};
use super::instance::{ContainerInstance, ContainerInstanceId};
use super::placing::{Asked, Order};
use super::state::{Cluster, Due};
use super::task::{StopCode, TaskId};
use super::task_definition::Requirements;
use crate::time::Instant;

impl Cluster {
    /// Makes an Auto Scaling group known as a capacity provider, or changes it.
    pub fn put_capacity_provider(&mut self, provider: CapacityProvider) {
        self.providers.insert(provider.name.clone(), provider);
    }

    /// The Auto Scaling groups, by name.
    pub fn capacity_providers(&self) -> impl ExactSizeIterator<Item = &CapacityProvider> {
        self.providers.values()
    }

    /// What tasks run on when their call does not say; empty: EC2.
    pub fn default_strategy(&self) -> &[ProviderShare] {
        &self.default_strategy
    }

    /// Sets that; none to unset it.
    ///
    /// # Errors
    /// The shares make no strategy, or name a provider that the cluster does not have.
    pub fn set_default_strategy(
        &mut self,
        shares: Vec<ProviderShare>,
    ) -> Result<(), StrategyError> {
        if !shares.is_empty() {
            self.check_shares(&shares)?;
        }
        self.default_strategy = shares;
        Ok(())
    }

    /// Whether the shares make a strategy of providers that the cluster has.
    pub(super) fn check_shares(&self, shares: &[ProviderShare]) -> Result<(), StrategyError> {
        capacity_provider::check(shares)?;
        let unknown = |share: &&ProviderShare| {
            !share.is_fargate() && !self.providers.contains_key(&share.capacity_provider)
        };
        match shares.iter().find(unknown) {
            Some(share) => {
                Err(StrategyError::Unknown { provider: share.capacity_provider.clone() })
            }
            None => Ok(()),
        }
    }

    /// Why a provider has no instance that could be looked at.
    pub(super) fn empty_provider(&self, of: &CapacityProvider) -> &'static str {
        let of_it = |one: &&ContainerInstance| {
            one.status.is_member()
                && one.registration.capacity_provider.as_deref() == Some(of.name.as_str())
        };
        match self.instances.values().find(of_it) {
            Some(_) => "TaskFailedToStart: NO ACTIVE INSTANCES",
            None => "TaskFailedToStart: EMPTY CAPACITY PROVIDER",
        }
    }

    /// A task without an instance waits for capacity.
    pub(super) fn wait(&mut self, now: Instant, id: TaskId) {
        self.waiting.push_back(id);
        self.later(now.after(self.settings.provisioning_timeout), Due::NoCapacity(id));
    }

    /// The time of a waiting task is over.
    pub(super) fn give_up_waiting(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.tasks.get(&id).filter(|task| task.waits_for_capacity()) else {
            return;
        };
        let provider = task.capacity_provider.as_ref().and_then(|name| self.providers.get(name));
        let reason = provider
            .map_or("TaskFailedToStart: EMPTY CAPACITY PROVIDER", |of| self.empty_provider(of));
        self.begin_stop(now, id, StopCode::TaskFailedToStart, reason);
    }

    /// Places tasks that wait for capacity, oldest first. One that does not fit does
    /// not hold up the next: capacity is asked for each by its own provider.
    pub(super) fn place_waiting(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(&id) = self.waiting.get(at) {
            let Some(instance) = self.choose_for_waiting(id) else {
                at += 1;
                continue;
            };
            self.waiting.remove(at);
            let zone = self.instances.get(&instance).and_then(|one| one.availability_zone());
            let zone = zone.map(ToString::to_string);
            if let Some(task) = self.tasks.get_mut(&id) {
                task.instance = Some(instance);
                task.availability_zone = zone;
                task.request = None;
            }
            self.settle(now, id);
        }
    }

    fn choose_for_waiting(&mut self, id: TaskId) -> Option<ContainerInstanceId> {
        let task = self.tasks.get(&id)?;
        let request = task.request.clone()?;
        let (group, requirements) = (task.group.clone(), task.requirements.clone());
        let provider = task.capacity_provider.clone();
        let asked = Asked::new(&request, &task.definition).ok()?;
        let order = Order {
            group: &group,
            requirements: &requirements,
            asked: &asked,
            zones: &request.zones,
            provider: provider.as_deref(),
            zone: None,
        };
        self.choose(&order).ok()
    }

    /// What the tasks of a provider that wait for capacity need, oldest first: the
    /// measure by which managed scaling adds instances. O(waiting).
    pub fn waiting_for<'a>(
        &'a self,
        provider: &'a str,
    ) -> impl Iterator<Item = (TaskId, &'a Requirements)> {
        let tasks = self.waiting.iter().filter_map(|id| self.tasks.get(id));
        tasks
            .filter(move |task| task.capacity_provider() == Some(provider))
            .map(|task| (task.id, &task.requirements))
    }
}
