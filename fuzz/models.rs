//! The parts beside the models of their property tests.

use core::fmt;

use warmstow_core::pool::PoolConfig;

use crate::{
    Case, actions, door_model, ecs_model, head, limits_model, placement_model, pool_model,
    print_test, service_model, victim_model,
};

/// An account and its functions while limits and reservations change.
pub struct Limits {
    settings: limits_model::Settings,
    actions: Vec<limits_model::Action>,
}

impl Case for Limits {
    fn from_bytes(data: &[u8]) -> Self {
        let (settings, rest) = head(data);
        Self {
            settings: limits_model::Settings::from_bytes(settings),
            actions: actions(rest, limits_model::Action::from_bytes),
        }
    }

    fn check(&self) {
        limits_model::check(self.settings, &self.actions);
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = "core/tests/properties_concurrency.rs";
        print_test(f, file, &[], &self.settings, &self.actions)
    }
}

/// A view: every choice and every reason, while nodes, tasks and requests come
/// and go.
pub struct Ecs {
    settings: ecs_model::Settings,
    actions: Vec<ecs_model::Action>,
}

impl Case for Ecs {
    fn from_bytes(data: &[u8]) -> Self {
        let (settings, rest) = head(data);
        Self {
            settings: ecs_model::Settings::from_bytes(settings),
            actions: actions(rest, ecs_model::Action::from_bytes),
        }
    }

    fn check(&self) {
        ecs_model::check(self.settings, &self.actions);
    }
}

impl fmt::Debug for Ecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_test(f, "core/tests/properties_ecs.rs", &[], &self.settings, &self.actions)
    }
}

/// A fleet: every choice, every refusal, and room given back once, twice or
/// never held.
pub struct Placement {
    settings: placement_model::Settings,
    actions: Vec<placement_model::Action>,
}

impl Case for Placement {
    fn from_bytes(data: &[u8]) -> Self {
        let (settings, rest) = head(data);
        Self {
            settings: placement_model::Settings::from_bytes(settings),
            actions: actions(rest, placement_model::Action::from_bytes),
        }
    }

    fn check(&self) {
        placement_model::check(self.settings, &self.actions);
    }
}

impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = "core/tests/properties_placement.rs";
        let imports = ["Resource::*", "SpreadBy::*", "Strategy::*"];
        print_test(f, file, &imports, &self.settings, &self.actions)
    }
}

/// A pool: every claim, release, drain, reap and stop, with stale and invented
/// handles among them.
pub struct Pool {
    config: PoolConfig,
    actions: Vec<pool_model::Action>,
}

impl Case for Pool {
    fn from_bytes(data: &[u8]) -> Self {
        let (shape, rest) = head(data);
        Self {
            config: pool_model::shape(shape),
            actions: actions(rest, pool_model::Action::from_bytes),
        }
    }

    fn check(&self) {
        pool_model::check(self.config, &self.actions);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = "core/tests/properties_pool.rs";
        print_test(f, file, &["Pick::*"], &self.config, &self.actions)
    }
}

/// A service and a plain host: failures, drains, lost instances, deployments.
pub struct Service {
    settings: service_model::Settings,
    actions: Vec<service_model::Action>,
}

impl Case for Service {
    fn from_bytes(data: &[u8]) -> Self {
        let (settings, rest) = head(data);
        Self {
            settings: service_model::Settings::from_bytes(settings),
            actions: actions(rest, service_model::Action::from_bytes),
        }
    }

    fn check(&self) {
        service_model::check(self.settings.clone(), &self.actions);
        service_model::check_verdict(self.settings.clone());
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = "core/tests/properties_service.rs";
        let imports = ["service_model::Action::*", "service_model::Checks::*"];
        print_test(f, file, &imports, &self.settings, &self.actions)
    }
}

/// Which task of a service is stopped.
pub struct Victims {
    settings: victim_model::Settings,
    actions: Vec<victim_model::Action>,
}

impl Case for Victims {
    fn from_bytes(data: &[u8]) -> Self {
        let (settings, rest) = head(data);
        Self {
            settings: victim_model::Settings::from_bytes(settings),
            actions: actions(rest, victim_model::Action::from_bytes),
        }
    }

    fn check(&self) {
        victim_model::check(&self.settings, &self.actions);
    }
}

impl fmt::Debug for Victims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = "core/tests/properties_service.rs";
        let imports = ["victim_model::{Action::*, Settings, check}"];
        print_test(f, file, &imports, &self.settings, &self.actions)
    }
}

/// Amazon ECS's calls in AWS's JSON, in any order.
pub struct Door(Vec<door_model::Action>);

impl Case for Door {
    fn from_bytes(data: &[u8]) -> Self {
        Self(actions(&data[..data.len().min(4 * 24)], door_model::Action::from_bytes))
    }

    fn check(&self) {
        door_model::check(&self.0);
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = "core/tests/properties_door.rs";
        print_test(f, file, &["door_model::Action::*"], &(), &self.0)
    }
}
