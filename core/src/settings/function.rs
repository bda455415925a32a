//! One function of a settings file.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::error::{Problem, SettingsError};
use super::reader::Entry;
use crate::function::{FunctionSpec, Network, Role, Route, SecurityGroup, Subnet};
use crate::pool::{Pick, PoolConfig};
use crate::resources::Resources;

const FUNCTION: &[&str] = &[
    "memory_mib",
    "cpu_units",
    "max_instances",
    "instance_concurrency",
    "reserved_concurrency",
    "keep_alive_s",
    "pick",
    "role",
    "network",
];
const NETWORK: &[&str] = &["subnets", "security_groups"];
const SUBNET: &[&str] = &["id", "zone", "route"];
const SECURITY_GROUP: &[&str] = &["id", "outbound"];

/// The longest keep-alive: 365 days.
const MOST_KEEP_ALIVE_S: u64 = 31_536_000;

/// A function, its role and its network.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSettings {
    /// Its name.
    pub name: String,
    /// What a region needs to know of it.
    pub spec: FunctionSpec,
    /// Its execution role; `None` where the file has none: a host that has no
    /// roles needs none, AWS Lambda refuses such a function.
    pub role: Option<Role>,
    /// Its own network; `None`: the default one.
    pub network: Option<Network>,
    key: String,
    line: u32,
}

impl FunctionSettings {
    pub(super) fn read(name: String, entry: Entry<'_>) -> Result<Self, SettingsError> {
        let (key, line) = (alloc::format!("functions.{name}"), entry.line());
        let mut table = entry.table(FUNCTION)?;
        let most = Resources::MAX;
        let mut spec = FunctionSpec::of_memory(table.number("memory_mib", 1, most, 128)?);
        let cpu = &mut spec.resources.cpu_units;
        *cpu = table.number("cpu_units", 1, most, *cpu)?;
        let instances = spec.max_instances;
        spec.max_instances = table.number("max_instances", 1, PoolConfig::MAX_SEATS, instances)?;
        let together = PoolConfig::MAX_INSTANCE_CONCURRENCY;
        spec.instance_concurrency = table.number("instance_concurrency", 1, together, 1)?;
        spec.reserved_concurrency = match table.take("reserved_concurrency") {
            None => None,
            Some(entry) => u32::try_from(entry.whole_number(0, u64::from(u32::MAX) - 1)?).ok(),
        };
        spec.keep_alive =
            table.or("keep_alive_s", spec.keep_alive, |entry| entry.seconds(MOST_KEEP_ALIVE_S))?;
        spec.pick = table.or("pick", spec.pick, |entry| {
            let picks = [Pick::Packed, Pick::MostRecent, Pick::LeastRecent];
            entry.word(&["packed", "mru", "lru"], &picks)
        })?;
        let role = table.take("role").map(|entry| role(&entry)).transpose()?;
        let network = table.take("network").map(network).transpose()?;
        Ok(Self { name, spec, role, network, key, line })
    }

    pub(super) fn refuse(&self, error: &dyn Display) -> SettingsError {
        let problem = Problem::Refused(error.to_string());
        SettingsError { line: self.line, key: self.key.clone(), problem }
    }

    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let warnings = self.network.iter().flat_map(Network::warnings);
        warnings
            .map(|warning| alloc::format!("line {}, {}.network: {warning}", self.line, self.key))
    }
}

fn role(entry: &Entry<'_>) -> Result<Role, SettingsError> {
    let role = Role::new(entry.text()?);
    role.map_err(|error| entry.refuse(Problem::Refused(error.to_string())))
}

fn network(entry: Entry<'_>) -> Result<Network, SettingsError> {
    let at = entry.here();
    let mut table = entry.table(NETWORK)?;
    let subnets = table.need("subnets")?.list()?.into_iter().map(subnet);
    let subnets: Vec<Subnet> = subnets.collect::<Result<_, _>>()?;
    let groups = table.need("security_groups")?.list()?.into_iter().map(security_group);
    let groups: Vec<SecurityGroup> = groups.collect::<Result<_, _>>()?;
    let network = Network::new(subnets, groups);
    network.map_err(|error| at.refuse(Problem::Refused(error.to_string())))
}

fn subnet(entry: Entry<'_>) -> Result<Subnet, SettingsError> {
    let mut table = entry.table(SUBNET)?;
    Ok(Subnet {
        id: table.need("id")?.text()?.to_string(),
        zone: table.need("zone")?.text()?.to_string(),
        route: table.or("route", Route::Isolated, |entry| {
            let routes = [Route::Isolated, Route::NatGateway, Route::InternetGateway];
            entry.word(&["none", "nat", "internet-gateway"], &routes)
        })?,
    })
}

fn security_group(entry: Entry<'_>) -> Result<SecurityGroup, SettingsError> {
    let mut table = entry.table(SECURITY_GROUP)?;
    Ok(SecurityGroup {
        id: table.need("id")?.text()?.to_string(),
        // A new security group of AWS's lets everything out.
        outbound: table.or("outbound", true, Entry::boolean)?,
    })
}
