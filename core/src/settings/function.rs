//! One function of a settings file.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::error::{Problem, SettingsError};
use super::reader::Entry;
use crate::function::keep_alive::KeepAlivePolicy;
use crate::function::{FunctionError, FunctionSpec, Network, Role, Route, SecurityGroup, Subnet};
use crate::placement::FitError;
use crate::pool::{Pick, PoolConfig};
use crate::resources::{Resource, Resources};
use crate::time::Duration;

const FUNCTION: &[&str] = &[
    "memory_mib",
    "cpu_units",
    "max_instances",
    "instance_concurrency",
    "reserved_concurrency",
    "provisioned_concurrency",
    "keep_alive_s",
    "keep_alive",
    "cold_start_s",
    "timeout_s",
    "pick",
    "role",
    "network",
];
/// Those whose values a region can refuse.
const BUILT: &[&str] = &[
    "memory_mib",
    "cpu_units",
    "reserved_concurrency",
    "provisioned_concurrency",
    "keep_alive",
    "network",
];
const NETWORK: &[&str] = &["subnets", "security_groups"];
const SUBNET: &[&str] = &["id", "zone", "route"];
const SECURITY_GROUP: &[&str] = &["id", "outbound"];

/// The longest keep-alive: 365 days.
const MOST_KEEP_ALIVE_S: u64 = 31_536_000;
/// Longest cold start that a policy can be told of: an hour.
const MOST_COLD_START_S: u64 = 3_600;
/// By which cold requests ran longer than warm ones in the mean of the 20
/// experiments on AWS Lambda that SimFaaS publishes.
const COLD_START: Duration = Duration::from_millis(322);
/// AWS Lambda's longest timeout, seconds.
const MOST_TIMEOUT_S: u32 = 900;

/// A function, its role and its network.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSettings {
    /// Its name.
    pub name: String,
    /// What a region needs to know of it.
    pub spec: FunctionSpec,
    /// Instances that are ready before their requests; 0: none.
    pub provisioned_concurrency: u32,
    /// The policy that decides how long an instance is kept, in place of the
    /// keep-alive in `spec`.
    pub keep_alive: Option<KeepAlivePolicy>,
    /// How long a cold start is expected to take: for that policy.
    pub cold_start: Duration,
    /// After so long a request is ended; `None`: the host's own. A region runs
    /// nothing, so this is for its host and for replays.
    pub timeout: Option<Duration>,
    /// Its execution role; `None` where the file has none: a host that has no
    /// roles needs none, AWS Lambda refuses such a function.
    pub role: Option<Role>,
    /// Its own network; `None`: the default one.
    pub network: Option<Network>,
    key: String,
    line: u32,
    /// Where the keys stand that can be refused only once a region is built.
    lines: Vec<(&'static str, u32)>,
}

impl FunctionSettings {
    pub(super) fn read(name: String, entry: Entry<'_>) -> Result<Self, SettingsError> {
        let (key, line) = (alloc::format!("functions.{name}"), entry.line());
        let mut table = entry.table(FUNCTION)?;
        let place = |key: &&'static str| table.place(key).map(|entry| (*key, entry.line()));
        let lines = BUILT.iter().filter_map(place).collect();
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
        let timed = table.has("keep_alive_s");
        spec.keep_alive =
            table.or("keep_alive_s", spec.keep_alive, |entry| entry.seconds(MOST_KEEP_ALIVE_S))?;
        spec.pick = table.or("pick", spec.pick, |entry| {
            let picks = [Pick::Packed, Pick::MostRecent, Pick::LeastRecent];
            entry.word(&["packed", "mru", "lru"], &picks)
        })?;
        let keep_alive = match table.take("keep_alive") {
            None => None,
            Some(entry) if timed => {
                let both = "cannot stand beside keep_alive_s: one of them decides";
                return Err(entry.refuse(Problem::Refused(both.to_string())));
            }
            Some(entry) => {
                let policy = entry.text()?.parse::<KeepAlivePolicy>();
                Some(policy.map_err(|error| entry.refuse(Problem::Refused(error.to_string())))?)
            }
        };
        let cold_start =
            table.or("cold_start_s", COLD_START, |entry| entry.seconds(MOST_COLD_START_S))?;
        let timeout = match table.number("timeout_s", 1, MOST_TIMEOUT_S, 0)? {
            0 => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        };
        let provisioned = table.take("provisioned_concurrency");
        let most = spec.max_instances.into();
        let provisioned = provisioned.map_or(Ok(0), |entry| entry.whole_number(0, most))?;
        let role = table.take("role").map(|entry| role(&entry)).transpose()?;
        let network = table.take("network").map(network).transpose()?;
        Ok(Self {
            name,
            spec,
            // At most its instances.
            provisioned_concurrency: u32::try_from(provisioned).unwrap_or(u32::MAX),
            keep_alive,
            cold_start,
            timeout,
            role,
            network,
            key,
            line,
            lines,
        })
    }

    /// A fault of the function as a whole.
    fn refuse(&self, error: &dyn Display) -> SettingsError {
        let problem = Problem::Refused(error.to_string());
        SettingsError { line: self.line, key: self.key.clone(), problem }
    }

    /// A fault of what `key` says; of the whole function where the key is left out.
    pub(super) fn refuse_at(&self, key: &str, error: &dyn Display) -> SettingsError {
        let refused = self.refuse(error);
        match self.lines.iter().find(|(other, _)| *other == key) {
            Some(&(_, line)) => {
                SettingsError { line, key: alloc::format!("{}.{key}", self.key), ..refused }
            }
            None => refused,
        }
    }

    /// A fault that the region found when the function was added.
    pub(super) fn refuse_added(&self, error: &FunctionError) -> SettingsError {
        // A share of CPU that is left out follows from the memory.
        let has_cpu = self.lines.iter().any(|(key, _)| *key == "cpu_units");
        match error {
            FunctionError::Limit(_) => self.refuse_at("reserved_concurrency", error),
            FunctionError::Fit(FitError::TooLarge { resource: Resource::Cpu, .. }) if has_cpu => {
                self.refuse_at("cpu_units", error)
            }
            FunctionError::Fit(FitError::TooLarge { .. }) => self.refuse_at("memory_mib", error),
            _ => self.refuse(error),
        }
    }

    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let (line, key) = (self.line, &self.key);
        let network = self.network.iter().flat_map(Network::warnings);
        let network = network.map(move |of| alloc::format!("line {line}, {key}.network: {of}"));
        let role = self.role.is_none().then(|| {
            alloc::format!(
                "line {line}, {key}: no execution role: AWS Lambda creates no function without one"
            )
        });
        network.chain(role)
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
