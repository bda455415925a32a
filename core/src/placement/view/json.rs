//! Nodes, requests and answers in JSON, for hosts of every language.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::chain::Chain;
use super::error::{NodeInfoError, RequestError};
use super::node::NodeInfo;
use super::ports::{PortSet, Protocol};
use super::reason::{Reason, Unplaced};
use super::task::{PlacementRequest, TaskRequirements};
use super::why::Placed;
use crate::placement::constraint::{Constraint, Version};
use crate::placement::json::{ReadError, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeText {
    cpu_units: u32,
    memory_mib: u32,
    #[serde(default)]
    gpus: u32,
    #[serde(default)]
    enis: u32,
    #[serde(default)]
    attributes: BTreeMap<String, Option<String>>,
    reserved_tcp_ports: Option<Vec<u16>>,
    #[serde(default)]
    reserved_udp_ports: Vec<u16>,
    #[serde(default = "yes")]
    active: bool,
    #[serde(default = "yes")]
    agent_connected: bool,
    #[serde(default, deserialize_with = "version")]
    agent_version: Option<Version>,
    ec2_instance_id: Option<Box<str>>,
    registered_at_unix_s: Option<i64>,
}

const fn yes() -> bool {
    true
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Version>, D::Error> {
    let text = Cow::<str>::deserialize(from)?;
    let refuse = || D::Error::custom(format_args!("{text:?} is no version, such as 1.75.0"));
    Version::parse(&text).map(Some).ok_or_else(refuse)
}

/// The set of these ports.
fn ports(tcp: Vec<u16>, udp: Vec<u16>) -> PortSet {
    let tcp = tcp.into_iter().map(|port| (Protocol::Tcp, port));
    tcp.chain(udp.into_iter().map(|port| (Protocol::Udp, port))).collect()
}

impl NodeInfo {
    /// A node such as
    /// `{"cpu_units": 2048, "memory_mib": 7985, "gpus": 0, "enis": 1,
    /// "attributes": {"ecs.availability-zone": "us-east-1a"},
    /// "reserved_tcp_ports": [22], "reserved_udp_ports": [], "active": true,
    /// "agent_connected": true, "agent_version": "1.75.0",
    /// "ec2_instance_id": "i-1", "registered_at_unix_s": 0}`,
    /// where all but the first two may be left out, and is then as
    /// [`NodeInfo::new`] has it.
    ///
    /// # Errors
    ///
    /// It is no JSON of that form, or a value cannot hold.
    pub fn from_json(text: &str) -> Result<Self, ReadError<NodeInfoError>> {
        let said: NodeText = read(text)?;
        let mut info = Self::new(said.cpu_units, said.memory_mib).gpus(said.gpus).enis(said.enis);
        for (name, value) in said.attributes {
            info = info.attribute(&name, value.as_deref().unwrap_or_default());
        }
        if let Some(tcp) = said.reserved_tcp_ports {
            info.reserved_ports = ports(tcp, Vec::new());
        }
        for port in said.reserved_udp_ports {
            info = info.reserved_port(Protocol::Udp, port);
        }
        (info.active, info.agent_connected) = (said.active, said.agent_connected);
        info.agent_version = said.agent_version;
        info.ec2_instance_id = said.ec2_instance_id;
        info.registered_at_unix_s = said.registered_at_unix_s;
        info.check().map_err(ReadError::Value)?;
        Ok(info)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestText {
    group: Box<str>,
    cpu_units: u32,
    memory_mib: u32,
    #[serde(default)]
    gpus: u32,
    #[serde(default)]
    enis: u32,
    #[serde(default)]
    tcp_ports: Vec<u16>,
    #[serde(default)]
    udp_ports: Vec<u16>,
    #[serde(default)]
    attributes: BTreeMap<String, Option<String>>,
    #[serde(default)]
    zones: Vec<Box<str>>,
    #[serde(default, deserialize_with = "constraints")]
    constraints: Vec<Constraint>,
    #[serde(default, deserialize_with = "strategies")]
    strategies: Chain,
    #[serde(default)]
    priority: i32,
}

fn constraints<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Constraint>, D::Error> {
    let texts = Vec::<Cow<'_, str>>::deserialize(from)?;
    texts.iter().map(|text| Constraint::parse(text).map_err(D::Error::custom)).collect()
}

fn strategies<'de, D: Deserializer<'de>>(from: D) -> Result<Chain, D::Error> {
    let texts = Vec::<Cow<'_, str>>::deserialize(from)?;
    let names: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    Chain::parse_short(&names).map_err(D::Error::custom)
}

impl PlacementRequest {
    /// A request such as
    /// `{"group": "service:web", "cpu_units": 256, "memory_mib": 512, "gpus": 0,
    /// "enis": 0, "tcp_ports": [8080], "udp_ports": [],
    /// "attributes": {"disk": "ssd", "gpu.model": null}, "zones": ["us-east-1a"],
    /// "constraints": ["distinctInstance"], "strategies": ["spread:zone"],
    /// "priority": 0}`,
    /// where all but the first three may be left out, and is then as
    /// [`PlacementRequest::new`] has it. An attribute of `null` may have any
    /// value. Constraints are those of [`Constraint::parse`], strategies those of
    /// [`Chain::parse_short`].
    ///
    /// # Errors
    ///
    /// It is no JSON of that form, or a value cannot hold.
    pub fn from_json(text: &str) -> Result<Self, ReadError<RequestError>> {
        let said: RequestText = read(text)?;
        let mut needs = TaskRequirements::new(said.cpu_units, said.memory_mib).gpus(said.gpus);
        needs.enis = said.enis;
        needs.ports = ports(said.tcp_ports, said.udp_ports);
        for (name, value) in &said.attributes {
            needs = needs.attribute(name, value.as_deref());
        }
        needs.zones = said.zones;
        let mut request = Self::new(&said.group, needs).priority(said.priority);
        (request.constraints, request.strategies) = (said.constraints, said.strategies);
        request.check().map_err(ReadError::Value)?;
        Ok(request)
    }
}

impl Placed {
    /// The node's bits and why that one:
    /// `{"because": ["only 256 memory_mib left"], "node": 4294967296}`.
    pub fn to_json(&self) -> String {
        let because: Value = self.because().map(|because| because.to_string()).collect();
        json!({ "node": self.node.to_bits(), "because": because }).to_string()
    }
}

/// Reasons with their codes, in JSON.
fn reasons(all: &[Reason]) -> Value {
    all.iter().map(|reason| json!({ "code": reason.code(), "text": reason.to_string() })).collect()
}

impl Unplaced {
    /// What it says, the closest node, and each node's reasons:
    /// `{"closest": 4294967296, "nodes": [{"node": 4294967296, "reasons":
    /// [{"code": "AGENT", "text": "AGENT"}]}], "unplaced": "none of 1 nodes ..."}`.
    /// `closest` is `null` without nodes.
    pub fn to_json(&self) -> String {
        let nodes = self.nodes();
        let nodes =
            nodes.map(|(node, all)| json!({ "node": node.to_bits(), "reasons": reasons(all) }));
        let said = json!({
            "unplaced": self.to_string(),
            "closest": self.closest().map(|closest| closest.node.to_bits()),
            "nodes": nodes.collect::<Value>(),
        });
        said.to_string()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{AVAILABILITY_ZONE, PlaceError, View};
    use super::*;

    #[test]
    fn a_node_and_a_request_are_read_whole() {
        let node = r#"{"cpu_units": 2048, "memory_mib": 4096, "gpus": 2, "enis": 3,
            "attributes": {"ecs.availability-zone": "a", "ssd": null},
            "reserved_tcp_ports": [22], "reserved_udp_ports": [53], "active": false,
            "agent_connected": false, "agent_version": "1.75.0", "ec2_instance_id": "i-1",
            "registered_at_unix_s": 7}"#;
        let mut wanted = NodeInfo::new(2_048, 4_096).gpus(2).enis(3).zone("a").attribute("ssd", "");
        wanted.reserved_ports = PortSet::new();
        wanted = wanted.reserved_port(Protocol::Tcp, 22).reserved_port(Protocol::Udp, 53);
        wanted = wanted.agent_version("1.75.0").ec2_instance_id("i-1").registered_at_unix_s(7);
        (wanted.active, wanted.agent_connected) = (false, false);
        assert_eq!(NodeInfo::from_json(node), Ok(wanted));
        let least = NodeInfo::from_json(r#"{"cpu_units": 1, "memory_mib": 2}"#);
        assert_eq!(least, Ok(NodeInfo::new(1, 2)));

        let request = r#"{"group": "g", "cpu_units": 1, "memory_mib": 2, "gpus": 1, "enis": 1,
            "tcp_ports": [80], "udp_ports": [53], "attributes": {"a": "b", "c": null},
            "zones": ["z"], "constraints": ["distinctInstance", "maxSkew:zone=2"],
            "strategies": ["spread:zone", "score:best-fit"], "priority": -3}"#;
        let needs = TaskRequirements::new(1, 2).gpus(1).eni().tcp_port(80).udp_port(53);
        let needs = needs.attribute("a", Some("b")).attribute("c", None).zone("z");
        let skew = Constraint::MaxSkew { attribute: AVAILABILITY_ZONE.into(), max_skew: 2 };
        let wanted = PlacementRequest::new("g", needs)
            .constraint(Constraint::DistinctInstance)
            .constraint(skew)
            .strategies(Chain::parse_short(&["spread:zone", "score:best-fit"]).unwrap())
            .priority(-3);
        assert_eq!(PlacementRequest::from_json(request), Ok(wanted));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refused = |text| NodeInfo::from_json(text).unwrap_err().to_string();
        assert_eq!(
            refused(r#"{"cpu_units": 0, "memory_mib": 1}"#),
            "a node of 0 cpu_units: 1 to 16777215 are possible"
        );
        let version = refused(r#"{"cpu_units": 1, "memory_mib": 1, "agent_version": "new"}"#);
        assert!(
            version.starts_with("\"new\" is no version, such as 1.75.0 at line 1"),
            "{version}"
        );
        assert!(refused(r#"{"cpu_units": 1, "memory": 1}"#).starts_with("unknown field `memory`"));

        let refused = |more| {
            let text =
                alloc::format!(r#"{{"group": "g", "cpu_units": 1, "memory_mib": 1, {more}}}"#);
            PlacementRequest::from_json(&text).unwrap_err().to_string()
        };
        let strategy = refused(r#""strategies": ["fastest"]"#);
        assert!(strategy.starts_with("`fastest` is no strategy; one of binpack:cpu"), "{strategy}");
        let constraint = refused(r#""constraints": ["memberOf:disk"]"#);
        assert!(constraint.starts_with("memberOf: at character"), "{constraint}");
        let many = refused(&alloc::format!(r#""tcp_ports": {:?}"#, (1..=101).collect::<Vec<_>>()));
        assert_eq!(many, "101 host ports, 100 at most");
    }

    #[test]
    fn answers_say_where_and_why_not() {
        let mut view = View::new(0);
        let node = view.add_node(NodeInfo::new(512, 512)).unwrap();
        let needs = TaskRequirements::new(0, 512);
        let request = PlacementRequest::new("g", needs)
            .strategies(Chain::parse(&["binpack:memory"]).unwrap());
        let request = view.prepare(request).unwrap();
        let said = view.place(request).unwrap().to_json();
        let bits = node.to_bits();
        assert_eq!(
            said,
            alloc::format!(r#"{{"because":["only 512 memory_mib left"],"node":{bits}}}"#)
        );
        view.commit(request, node).unwrap();
        let Err(PlaceError::Unplaced(unplaced)) = view.place(request) else { panic!("room left") };
        let said: Value = serde_json::from_str(&unplaced.to_json()).unwrap();
        assert_eq!((&said["closest"], &said["nodes"][0]["node"]), (&json!(bits), &json!(bits)));
        let text = "RESOURCE:MEMORY: 512 memory_mib needed, 0 available";
        let reasons = json!([{ "code": "RESOURCE:MEMORY", "text": text }]);
        assert_eq!(said["nodes"][0]["reasons"], reasons);
    }
}
