//! Revisions: counted up, never used again, the latest active one by default.

use alloc::string::{String, ToString};

use super::super::*;
use super::task;
use crate::time::Instant;

const NOW: Instant = Instant::ZERO;

fn registry(revisions: u32) -> Registry {
    let mut registry = Registry::new();
    for _ in 0..revisions {
        registry.register(NOW, task(), &Rules::default()).unwrap();
    }
    registry
}

fn latest(registry: &Registry) -> String {
    registry.active("web").map_or_else(|error| error.to_string(), |one| one.name())
}

#[test]
fn a_family_alone_is_its_latest_active_revision() {
    let mut registry = registry(3);
    assert_eq!(latest(&registry), "web:3");
    registry.deregister(NOW, "web:3").unwrap();
    assert_eq!(latest(&registry), "web:2");
    let arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1";
    assert_eq!(registry.get(arn).unwrap().revision, 1);
    let error = registry.active("web:3").unwrap_err();
    assert_eq!(error.to_string(), "TaskDefinition is inactive: web:3 is INACTIVE");
    for name in ["web:4", "web:x", "db", ""] {
        assert_eq!(
            registry.get(name).unwrap_err().to_string(),
            "Unable to describe task definition."
        );
    }
}

#[test]
fn a_number_is_never_given_out_twice() {
    let mut registry = registry(2);
    registry.deregister(NOW, "web:2").unwrap();
    registry.delete("web:2").unwrap();
    registry.purge(|_| false);
    assert!(registry.get("web:2").is_err());
    let next = registry.register(NOW, task(), &Rules::default()).unwrap();
    assert_eq!(next.name(), "web:3");
}

#[test]
fn only_an_inactive_revision_is_deleted_and_only_once_unused() {
    let mut registry = registry(1);
    let error = registry.delete("web:1").unwrap_err();
    assert!(matches!(error, RegistryError::NotInactive { .. }));
    assert!(matches!(registry.deregister(NOW, "web"), Err(RegistryError::NoRevision { .. })));
    registry.deregister(NOW, "web:1").unwrap();
    let deleted = registry.delete("web:1").unwrap();
    assert_eq!(deleted.status, RevisionStatus::DeleteInProgress);
    registry.purge(|_| true);
    assert!(registry.get("web:1").is_ok());
    registry.purge(|_| false);
    assert!(registry.get("web:1").is_err());
    assert_eq!(registry.families().count(), 0);
}

#[test]
fn a_refused_definition_takes_no_number() {
    let mut registry = registry(1);
    let mut bad = task();
    bad.container_definitions[0].memory = Some(1);
    assert!(registry.register(NOW, bad, &Rules::default()).is_err());
    assert_eq!(registry.register(NOW, task(), &Rules::default()).unwrap().revision, 2);
}

#[test]
fn what_aws_fills_in_is_filled_in() {
    let mut registry = Registry::new();
    let mut given = task();
    given.network_mode = Some(NetworkMode::Awsvpc);
    let mapping = PortMapping { container_port: Some(80), ..PortMapping::default() };
    given.container_definitions[0].port_mappings.push(mapping);
    let registered = registry.register(NOW, given, &Rules::default()).unwrap();
    let container = &registered.definition.container_definitions[0];
    assert_eq!(container.essential, Some(true));
    assert_eq!(container.port_mappings[0].host_port, Some(80));
    assert_eq!(container.port_mappings[0].protocol, Some(Protocol::Tcp));
}
