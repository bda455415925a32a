//! Attributes change while instances are members.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use super::super::capacity_provider::{CapacityProvider, ProviderShare};
use super::super::instance::InstanceStatus;
use super::super::task_definition::{ConstraintKind, PlacementConstraint};
use super::super::*;
use super::*;

fn attribute(name: &str, value: Option<&str>) -> InstanceAttribute {
    InstanceAttribute {
        instance: first(),
        name: name.into(),
        value: value.map(ToString::to_string),
    }
}

fn on_green() -> RunRequest {
    let mut request = web();
    let expression = Some("attribute:stack == green".into());
    request.constraints = vec![PlacementConstraint { kind: ConstraintKind::MemberOf, expression }];
    request
}

#[test]
fn placement_follows_an_attribute_and_running_tasks_do_not() {
    let mut host = Host::new(1);
    assert_eq!(host.run(&on_green(), 1).len(), 0);
    host.cluster.put_attributes(NOW, &[attribute("stack", Some("green"))]).unwrap();
    let task = host.run_one(&on_green());
    host.cluster.put_attributes(NOW, &[attribute("stack", Some("blue"))]).unwrap();
    host.drain();
    assert_eq!(host.status(task), TaskStatus::Running);
    assert_eq!(host.run(&on_green(), 1).len(), 0);
    let removed = host.cluster.delete_attributes(NOW, &[(first(), "stack"), (first(), "none")]);
    assert_eq!(removed.unwrap(), [attribute("stack", Some("blue"))]);
    assert_eq!(host.cluster.instance(first()).unwrap().registration().attribute("stack"), None);
}

#[test]
fn a_task_that_waits_is_placed_once_an_instance_has_the_attribute() {
    let mut host = Host::new(0);
    let mut ours = server(0);
    ours.capacity_provider = Some("asg".into());
    host.cluster.register_instance(NOW, ours).unwrap();
    let provider = CapacityProvider { name: "asg".into(), managed_scaling: true };
    host.cluster.put_capacity_provider(provider);
    let mut request = on_green();
    request.launch = Launch::Providers(vec![ProviderShare::new("asg", 0, 1)]);
    let task = host.run_one(&request);
    assert_eq!(host.status(task), TaskStatus::Provisioning);
    host.cluster.put_attributes(NOW, &[attribute("stack", Some("green"))]).unwrap();
    host.drain();
    assert_eq!(host.status(task), TaskStatus::Running);
}

#[test]
fn a_change_that_is_refused_changes_nothing() {
    let mut host = Host::new(1);
    let before = host.cluster.instance(first()).unwrap().registration().clone();
    let good = attribute("stack", Some("green"));
    let refused = |host: &mut Host, bad: InstanceAttribute| {
        host.cluster.put_attributes(NOW, &[good.clone(), bad]).unwrap_err().to_string()
    };
    assert!(
        refused(&mut host, attribute("my disk", None)).starts_with("`my disk` is no attribute")
    );
    assert!(refused(&mut host, attribute("disk", Some("a,b"))).starts_with("`a,b` is no value"));
    let error = refused(&mut host, attribute("ecs.availability-zone", Some("b")));
    assert!(error.ends_with("names that begin with `ecs.` are built in"), "{error}");
    let elsewhere =
        InstanceAttribute { instance: ContainerInstanceId(9), ..attribute("a", Some("b")) };
    assert_eq!(refused(&mut host, elsewhere), "container instance 9 is none of the cluster's");
    let error = host.cluster.put_attributes(NOW, &[]).unwrap_err();
    assert_eq!(error, ChangeAttributesError::Count { count: 0 });
    assert_eq!(*host.cluster.instance(first()).unwrap().registration(), before);
    host.cluster.deregister_instance(NOW, first(), true).unwrap();
    let error = host.cluster.put_attributes(NOW, &[good]).unwrap_err();
    let gone = MemberError::NotThere { instance: first(), status: InstanceStatus::Inactive };
    assert_eq!(error, ChangeAttributesError::Member(gone));
}

#[test]
fn an_instance_has_ten_custom_attributes_at_most() {
    let mut host = Host::new(1);
    let ten: Vec<_> = (0..10).map(|i| attribute(&format!("a{i}"), None)).collect();
    host.cluster.put_attributes(NOW, &ten).unwrap();
    // Again, or another value, is none more.
    host.cluster.put_attributes(NOW, &ten).unwrap();
    let error = host.cluster.put_attributes(NOW, &[attribute("b", None)]).unwrap_err();
    assert_eq!(error, ChangeAttributesError::Limit { instance: first(), count: 11 });
    host.cluster.delete_attributes(NOW, &[(first(), "a3")]).unwrap();
    host.cluster.put_attributes(NOW, &[attribute("b", None)]).unwrap();
    let eleven: Vec<_> = (0..11).map(|_| attribute("a", None)).collect();
    let error = host.cluster.put_attributes(NOW, &eleven).unwrap_err();
    assert_eq!(error.to_string(), "11 attributes: 1 to 10 are possible");
}
