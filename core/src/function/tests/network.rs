//! What a network of its user's own means for a function.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::function::{
    InterfaceLimit, Interfaces, Network, NetworkError, NetworkWarning, NoInternet, Role, Route,
    SecurityGroup, Subnet,
};

fn subnet(id: &str, zone: &str, route: Route) -> Subnet {
    Subnet { id: id.to_string(), zone: zone.to_string(), route }
}

fn group(id: &str, outbound: bool) -> SecurityGroup {
    SecurityGroup { id: id.to_string(), outbound }
}

fn network(subnets: &[(&str, &str, Route)], groups: &[(&str, bool)]) -> Network {
    let subnets = subnets.iter().map(|(id, zone, route)| subnet(id, zone, *route)).collect();
    let groups = groups.iter().map(|(id, outbound)| group(id, *outbound)).collect();
    Network::new(subnets, groups).unwrap()
}

#[test]
fn two_zones_and_a_nat_gateway_are_all_well() {
    let nat = Route::NatGateway;
    let network = network(&[("a", "z1", nat), ("b", "z2", nat)], &[("shut", false), ("g", true)]);
    assert_eq!(network.warnings(), []);
}

#[test]
fn one_zone_is_a_warning_and_no_error() {
    let nat = Route::NatGateway;
    let network = network(&[("a", "z1", nat), ("b", "z1", nat)], &[("g", true)]);
    assert_eq!(network.warnings(), [NetworkWarning::OneZone { zone: "z1".to_string() }]);
}

#[test]
fn the_internet_takes_a_nat_gateway_and_an_outbound_rule() {
    for (route, outbound, expected) in [
        (Route::NatGateway, true, Ok(())),
        (Route::NatGateway, false, Err(NoInternet::NoOutboundRule)),
        (Route::InternetGateway, true, Err(NoInternet::NoPublicAddress)),
        (Route::Isolated, true, Err(NoInternet::NoRoute)),
        (Route::Isolated, false, Err(NoInternet::NoRoute)),
    ] {
        let network = network(&[("a", "z1", route)], &[("g", outbound)]);
        assert_eq!(network.internet(&network.subnets()[0]), expected);
    }
}

#[test]
fn too_few_too_many_and_nameless_are_refused() {
    let subnets = |count: usize| -> Vec<Subnet> {
        (0..count).map(|i| subnet(&i.to_string(), "z", Route::Isolated)).collect()
    };
    let groups = |count: usize| -> Vec<SecurityGroup> {
        (0..count).map(|i| group(&i.to_string(), true)).collect()
    };
    let refused = |subnets, groups| Network::new(subnets, groups).unwrap_err();
    assert_eq!(refused(subnets(0), groups(1)), NetworkError::Subnets { count: 0 });
    assert_eq!(refused(subnets(17), groups(1)), NetworkError::Subnets { count: 17 });
    assert_eq!(refused(subnets(1), groups(0)), NetworkError::SecurityGroups { count: 0 });
    assert_eq!(refused(subnets(1), groups(6)), NetworkError::SecurityGroups { count: 6 });
    Network::new(subnets(16), groups(5)).unwrap();
    let no_zone = refused([subnet("a", "", Route::Isolated)].into(), groups(1));
    assert_eq!(no_zone, NetworkError::NoZone { subnet: "a".to_string() });
    assert_eq!(refused([subnet("", "z", Route::Isolated)].into(), groups(1)), NetworkError::NoId);
    let twice = refused(subnets(1), [group("g", true), group("g", true)].into());
    assert_eq!(twice, NetworkError::Repeated { id: "g".to_string() });
}

#[test]
fn functions_of_the_same_subnet_and_groups_share_an_interface() {
    let nat = Route::NatGateway;
    let mut interfaces = Interfaces::default();
    let both = network(&[("a", "z1", nat), ("b", "z2", nat)], &[("g", true), ("h", true)]);
    let turned = network(&[("a", "z1", nat)], &[("h", true), ("g", true)]);
    let other = network(&[("a", "z1", nat)], &[("g", true)]);
    assert_eq!(interfaces.attach(&both), Ok(2));
    assert_eq!(interfaces.attach(&turned), Ok(0), "the order of the groups does not matter");
    assert_eq!(interfaces.attach(&other), Ok(1));
    assert_eq!(interfaces.detach(&both), 1, "a is still in use");
    assert_eq!((interfaces.detach(&turned), interfaces.count()), (1, 1));
    assert_eq!(interfaces.detach(&both), 0, "detached before: nothing changes");
}

#[test]
fn a_network_has_no_more_interfaces_than_its_limit() {
    let nat = Route::NatGateway;
    let mut interfaces = Interfaces::new(2);
    interfaces.attach(&network(&[("a", "z1", nat)], &[("g", true)])).unwrap();
    let two_more = network(&[("b", "z1", nat), ("c", "z2", nat)], &[("g", true)]);
    let refused = interfaces.attach(&two_more);
    assert_eq!(refused, Err(InterfaceLimit { needed: 3, limit: 2 }));
    assert_eq!(interfaces.count(), 1, "none was made");
    assert_eq!(interfaces.attach(&network(&[("c", "z1", nat)], &[("g", true)])), Ok(1));
}

#[test]
fn a_role_is_a_resource_name() {
    let good = ["arn:aws:iam::123456789012:role/x", "arn:aws-cn:iam::000000000000:role/a/b+c@d"];
    assert!(good.iter().all(|arn| Role::new(arn).is_ok()));
    let bad: [&str; 8] = [
        "",
        "role/x",
        "arn:aws:iam::12345678901:role/x",
        "arn:aws:iam::123456789012:user/x",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam:eu:123456789012:role/x",
        "arn:aws:iam::123456789012:role/a b",
        "arn:gcp:iam::123456789012:role/x",
    ];
    for arn in bad {
        assert_eq!(Role::new(arn).map_err(|error| error.value), Err(String::from(arn)));
    }
}
