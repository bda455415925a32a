//! The account, the nodes and the functions as a region is built of them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::error::{Problem, SettingsError};
use super::function::FunctionSettings;
use super::reader::{Entry, Table};
use super::{json, toml};
use crate::function::{Interfaces, Provisioning, RegionConfig, ScalingRate};
use crate::placement::{MAX_NODES, MAX_ZONES, NodeSpec, Strategy};
use crate::pool::PoolConfig;
use crate::resources::Resources;

const FILE: &[&str] = &["account", "region", "nodes", "functions"];
const ACCOUNT: &[&str] = &[
    "concurrency_limit",
    "unreserved_minimum",
    "requests_per_concurrency",
    "scaling_rate",
    "provisioning",
    "interface_limit",
];
const REGION: &[&str] = &["strategy", "seed", "lanes"];
const NODES: &[&str] = &["cpu_units", "memory_mib", "zone", "count"];

/// A settings file that was read: what a region is built of.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The region, with room for just these nodes and functions.
    pub region: RegionConfig,
    /// The nodes, in the order of the file.
    pub nodes: Vec<NodeSpec>,
    /// The functions; from TOML in the order of their names.
    pub functions: Vec<FunctionSettings>,
    /// How provisioned concurrency is prepared.
    pub provisioning: Provisioning,
    /// Network interfaces of all functions with networks of their own, which are
    /// taken for parts of one: see [`Interfaces`].
    pub interface_limit: u32,
    /// The line of each node, and of the account.
    pub(super) node_lines: Vec<u32>,
    pub(super) account_line: u32,
}

impl Settings {
    /// Reads a file of either form: JSON begins with `{`, TOML does not.
    ///
    /// # Errors
    ///
    /// The line, the key and what is wrong there.
    ///
    /// ```
    /// use warmstow_core::settings::Settings;
    ///
    /// let file = "[functions.resize]\nmemory_mib = 512\nkeep_alive_s = -1\n";
    /// let error = Settings::from_text(file).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 3, functions.resize.keep_alive_s: is -1, outside 0 to 31536000",
    /// );
    /// ```
    pub fn from_text(text: &str) -> Result<Self, SettingsError> {
        Self::read(super::parse(text)?)
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    ///
    /// The line, the key and what is wrong there.
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        Self::read(Entry::whole(text, toml::parse(text)?))
    }

    /// Reads a JSON file.
    ///
    /// # Errors
    ///
    /// The line, the key and what is wrong there.
    pub fn from_json(text: &str) -> Result<Self, SettingsError> {
        Self::read(Entry::whole(text, json::parse(text)?))
    }

    fn read(file: Entry<'_>) -> Result<Self, SettingsError> {
        let mut file = file.table(FILE)?;
        let mut settings = Self {
            region: RegionConfig::default(),
            nodes: Vec::new(),
            functions: Vec::new(),
            provisioning: Provisioning::LAMBDA,
            interface_limit: Interfaces::DEFAULT_LIMIT,
            node_lines: Vec::new(),
            account_line: 1,
        };
        if let Some(account) = file.take("account") {
            settings.account_line = account.line();
            settings.account(account.table(ACCOUNT)?)?;
        }
        if let Some(region) = file.take("region") {
            settings.placement(region.table(REGION)?)?;
        }
        if let Some(nodes) = file.take("nodes") {
            for node in nodes.list()? {
                settings.node(node)?;
            }
        }
        if let Some(functions) = file.take("functions") {
            for (name, function) in functions.named()? {
                settings.functions.push(FunctionSettings::read(name, function)?);
            }
        }
        // What is provisioned is a pool of its own.
        let own = settings.functions.iter().filter(|of| of.provisioned_concurrency > 0);
        let pools = settings.functions.len() + own.count();
        settings.region.max_functions = count(pools).max(1);
        settings.region.max_nodes = count(settings.nodes.len());
        Ok(settings)
    }

    fn account(&mut self, mut account: Table<'_>) -> Result<(), SettingsError> {
        let region = &mut self.region;
        let most = u32::MAX - 1;
        region.account_limit =
            account.number("concurrency_limit", 0, most, region.account_limit)?;
        region.unreserved_minimum =
            account.number("unreserved_minimum", 0, most, region.unreserved_minimum)?;
        let factor = region.requests_per_concurrency;
        region.requests_per_concurrency =
            account.number("requests_per_concurrency", 0, most, factor)?;
        region.scaling_rate = account.or("scaling_rate", region.scaling_rate, |entry| {
            let rate = entry.text()?.parse::<ScalingRate>();
            rate.map_err(|error| entry.refuse(Problem::Refused(error.to_string())))
        })?;
        self.provisioning = account.or("provisioning", self.provisioning, |entry| {
            let profiles = [Provisioning::LAMBDA, Provisioning::LAMBDA_2022, Provisioning::AT_ONCE];
            entry.word(&["lambda", "lambda-2022", "at-once"], &profiles)
        })?;
        self.interface_limit = account.number("interface_limit", 0, most, self.interface_limit)?;
        Ok(())
    }

    fn placement(&mut self, mut table: Table<'_>) -> Result<(), SettingsError> {
        let region = &mut self.region;
        region.strategy = table.or("strategy", region.strategy, |entry| {
            let strategy = Strategy::try_from(entry.text()?);
            strategy.map_err(|error| entry.refuse(Problem::Refused(error.to_string())))
        })?;
        region.seed = table.or("seed", region.seed, |entry| entry.whole_number(0, u64::MAX))?;
        region.lanes = table.number("lanes", 1, PoolConfig::MAX_LANES, region.lanes)?;
        Ok(())
    }

    fn node(&mut self, node: Entry<'_>) -> Result<(), SettingsError> {
        let line = node.line();
        let mut node = node.table(NODES)?;
        let amount = |entry: &Entry<'_>| entry.whole_number(1, Resources::MAX.into());
        let (cpu, memory) = (amount(&node.need("cpu_units")?)?, amount(&node.need("memory_mib")?)?);
        let zone = node.number("zone", 0, u32::from(MAX_ZONES) - 1, 0)?;
        // In all, too, there are no more.
        let most = MAX_NODES - count(self.nodes.len()).min(MAX_NODES);
        let alike = node.number("count", 0, most, 1)?;
        let resources = Resources::new(narrow(cpu), narrow(memory));
        let spec = NodeSpec::new(resources, u8::try_from(zone).unwrap_or(u8::MAX));
        for _ in 0..alike {
            self.nodes.push(spec);
            self.node_lines.push(line);
        }
        Ok(())
    }

    /// What works and is not wise, with the function that it is about: see
    /// [`Network::warnings`](crate::function::Network::warnings); and functions
    /// without an execution role, which AWS Lambda refuses.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.functions.iter().flat_map(FunctionSettings::warnings)
    }
}

/// A number of things in memory, all of them far below the limit.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A number that was read in the range of `u32`.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
