//! A function's network and execution role: what AWS Lambda accepts, and what
//! follows from it.
//!
//! Without settings a function runs in Lambda's own network and reaches the
//! internet. In a network of its user's own it has the subnets' routes and the
//! security groups' rules, and no public address: an internet gateway alone is
//! of no use to it; it needs a NAT gateway and a rule that lets it out (AWS
//! Lambda Developer Guide, "Giving Lambda functions access to resources in an
//! Amazon VPC" and "Enable internet access for VPC-connected functions").
//!
//! All functions with the same subnet and the same security groups share a
//! network interface there, made when a function is created or changed, not
//! when it is invoked; a network has at most 250 of them (same page, "Hyperplane
//! elastic network interfaces").

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Where a subnet's route table sends what is not for its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Nowhere.
    Isolated,
    /// To a NAT gateway: functions reach the internet.
    NatGateway,
    /// To an internet gateway: functions do not, for they have no public
    /// address.
    InternetGateway,
}

/// A subnet of a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subnet {
    /// Its name.
    pub id: String,
    /// Its availability zone.
    pub zone: String,
    /// Its way out.
    pub route: Route,
}

/// A security group of a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecurityGroup {
    /// Its name.
    pub id: String,
    /// Whether a rule lets connections out of the network.
    pub outbound: bool,
}

/// A network of its user's own, as one function is attached to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    subnets: Vec<Subnet>,
    security_groups: Vec<SecurityGroup>,
}

/// Why a network is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkError {
    /// No subnet, or more than [`Network::MAX_SUBNETS`].
    Subnets {
        /// How many.
        count: usize,
    },
    /// No security group, or more than [`Network::MAX_SECURITY_GROUPS`].
    SecurityGroups {
        /// How many.
        count: usize,
    },
    /// A subnet or a security group without a name.
    NoId,
    /// A subnet without a zone.
    NoZone {
        /// The subnet.
        subnet: String,
    },
    /// A subnet or a security group twice.
    Repeated {
        /// Its name.
        id: String,
    },
}

/// What works and is not wise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkWarning {
    /// All subnets are in one zone: its failure stops the function.
    OneZone {
        /// The zone.
        zone: String,
    },
    /// Requests that land in that subnet do not reach the internet.
    NoInternet {
        /// The subnet.
        subnet: String,
        /// Why not.
        because: NoInternet,
    },
}

/// Why a function in a network of its own does not reach the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoInternet {
    /// The subnet's routes lead nowhere outside.
    NoRoute,
    /// They lead to an internet gateway, and the function has no public
    /// address.
    NoPublicAddress,
    /// No security group lets it out.
    NoOutboundRule,
}

impl Network {
    /// The most subnets of one function (Lambda API, `VpcConfig`).
    pub const MAX_SUBNETS: usize = 16;
    /// The most security groups of one function (Lambda API, `VpcConfig`).
    pub const MAX_SECURITY_GROUPS: usize = 5;

    /// Attaches a function to these subnets, under these security groups.
    ///
    /// # Errors
    ///
    /// None or too many of either, a name that is empty or there twice.
    pub fn new(
        subnets: Vec<Subnet>,
        security_groups: Vec<SecurityGroup>,
    ) -> Result<Self, NetworkError> {
        if subnets.is_empty() || subnets.len() > Self::MAX_SUBNETS {
            return Err(NetworkError::Subnets { count: subnets.len() });
        }
        if security_groups.is_empty() || security_groups.len() > Self::MAX_SECURITY_GROUPS {
            return Err(NetworkError::SecurityGroups { count: security_groups.len() });
        }
        if let Some(subnet) = subnets.iter().find(|subnet| subnet.zone.is_empty()) {
            return Err(NetworkError::NoZone { subnet: subnet.id.clone() });
        }
        check_ids(subnets.iter().map(|subnet| subnet.id.as_str()))?;
        check_ids(security_groups.iter().map(|group| group.id.as_str()))?;
        Ok(Self { subnets, security_groups })
    }

    /// The subnets.
    pub fn subnets(&self) -> &[Subnet] {
        &self.subnets
    }

    /// The security groups.
    pub fn security_groups(&self) -> &[SecurityGroup] {
        &self.security_groups
    }

    /// Whether an instance in that subnet reaches the internet.
    ///
    /// # Errors
    ///
    /// Why not: the route first, then the rules.
    pub fn internet(&self, subnet: &Subnet) -> Result<(), NoInternet> {
        match subnet.route {
            Route::Isolated => Err(NoInternet::NoRoute),
            Route::InternetGateway => Err(NoInternet::NoPublicAddress),
            // Rules of several groups add up.
            Route::NatGateway if self.security_groups.iter().any(|group| group.outbound) => Ok(()),
            Route::NatGateway => Err(NoInternet::NoOutboundRule),
        }
    }

    /// What works and is not wise, in the order of the subnets.
    ///
    /// ```
    /// use warmstow_core::function::{Network, NoInternet, Route, SecurityGroup, Subnet};
    ///
    /// let subnet = |id: &str, zone: &str, route| {
    ///     Subnet { id: id.to_string(), zone: zone.to_string(), route }
    /// };
    /// let groups = vec![SecurityGroup { id: "sg-1".to_string(), outbound: true }];
    /// let subnets = vec![subnet("a", "eu-west-1a", Route::InternetGateway)];
    /// let network = Network::new(subnets, groups)?;
    /// let warnings: Vec<_> = network.warnings().iter().map(ToString::to_string).collect();
    /// assert_eq!(warnings, [
    ///     "all subnets are in eu-west-1a: give the function two zones or more",
    ///     "a function in subnet a does not reach the internet: its route leads to an internet \
    ///      gateway, and a function has no public address: use a NAT gateway",
    /// ]);
    /// # Ok::<(), warmstow_core::function::NetworkError>(())
    /// ```
    pub fn warnings(&self) -> Vec<NetworkWarning> {
        let mut warnings = Vec::new();
        let mut zones = self.subnets.iter().map(|subnet| &subnet.zone);
        if let Some(first) = zones.next()
            && zones.all(|zone| zone == first)
        {
            warnings.push(NetworkWarning::OneZone { zone: first.clone() });
        }
        for subnet in &self.subnets {
            if let Err(because) = self.internet(subnet) {
                let subnet = subnet.id.clone();
                warnings.push(NetworkWarning::NoInternet { subnet, because });
            }
        }
        warnings
    }

    /// What functions share an interface by: the security groups, in order.
    fn groups(&self) -> Vec<String> {
        let mut groups: Vec<_> =
            self.security_groups.iter().map(|group| group.id.clone()).collect();
        groups.sort_unstable();
        groups
    }
}

fn check_ids<'a>(ids: impl Iterator<Item = &'a str> + Clone) -> Result<(), NetworkError> {
    for (place, id) in ids.clone().enumerate() {
        if id.is_empty() {
            return Err(NetworkError::NoId);
        }
        if ids.clone().take(place).any(|other| other == id) {
            return Err(NetworkError::Repeated { id: id.to_string() });
        }
    }
    Ok(())
}

/// The interfaces of one network, which its functions share.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    /// Functions by subnet and security groups.
    functions: BTreeMap<(String, Vec<String>), u32>,
    limit: Option<u32>,
}

/// The network has no room for so many interfaces (AWS's
/// `ENILimitReachedException`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceLimit {
    /// Interfaces that the network would have.
    pub needed: u32,
    /// Interfaces that it can have.
    pub limit: u32,
}

impl Interfaces {
    /// The most interfaces of Lambda's in a network (Lambda Developer Guide,
    /// "Lambda quotas").
    pub const DEFAULT_LIMIT: u32 = 250;

    /// None yet, at most `limit`.
    pub const fn new(limit: u32) -> Self {
        Self { functions: BTreeMap::new(), limit: Some(limit) }
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.functions.len()).unwrap_or(u32::MAX)
    }

    /// Attaches a function: an interface in each of its subnets, shared with
    /// those of the same security groups. O(subnets x log interfaces). The
    /// number of new ones.
    ///
    /// # Errors
    ///
    /// More interfaces than the network can have; none was made.
    pub fn attach(&mut self, network: &Network) -> Result<u32, InterfaceLimit> {
        let keys = keys(network);
        let missing = keys.iter().filter(|key| !self.functions.contains_key(*key)).count();
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let limit = self.limit.unwrap_or(Self::DEFAULT_LIMIT);
        let needed = self.count().saturating_add(missing);
        if needed > limit {
            return Err(InterfaceLimit { needed, limit });
        }
        for key in keys {
            *self.functions.entry(key).or_insert(0) += 1;
        }
        Ok(missing)
    }

    /// Detaches a function that was attached: the interfaces that no other
    /// uses go. Their number.
    pub fn detach(&mut self, network: &Network) -> u32 {
        let mut gone = 0;
        for key in keys(network) {
            if let Some(functions) = self.functions.get_mut(&key) {
                *functions -= 1;
                if *functions == 0 {
                    self.functions.remove(&key);
                    gone += 1;
                }
            }
        }
        gone
    }
}

fn keys(network: &Network) -> Vec<(String, Vec<String>)> {
    let groups = network.groups();
    network.subnets.iter().map(|subnet| (subnet.id.clone(), groups.clone())).collect()
}

/// An execution role: what a function runs as. AWS Lambda creates none without.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role(String);

/// The text is not the name of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleError {
    /// The text.
    pub value: String,
}

impl Role {
    /// The role of that resource name: `arn:PARTITION:iam::ACCOUNT:role/NAME`,
    /// the account of 12 digits (Lambda API, `CreateFunction`).
    ///
    /// # Errors
    ///
    /// Any other text.
    pub fn new(arn: &str) -> Result<Self, RoleError> {
        if is_role(arn) {
            Ok(Self(arn.to_string()))
        } else {
            Err(RoleError { value: arn.to_string() })
        }
    }

    /// The resource name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_role(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let head = [parts.next(), parts.next(), parts.next(), parts.next()];
    let [Some("arn"), Some(partition), Some("iam"), Some("")] = head else { return false };
    let (Some(account), Some(role)) = (parts.next(), parts.next()) else { return false };
    let Some(name) = role.strip_prefix("role/") else { return false };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_/".contains(c);
    partition.starts_with("aws")
        && partition.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(allowed)
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subnets { count } => {
                write!(f, "{count} subnets: a function takes 1 to {}", Network::MAX_SUBNETS)
            }
            Self::SecurityGroups { count } => {
                let most = Network::MAX_SECURITY_GROUPS;
                write!(f, "{count} security groups: a function takes 1 to {most}")
            }
            Self::NoId => f.write_str("a subnet or security group has no id"),
            Self::NoZone { subnet } => write!(f, "subnet {subnet} has no zone"),
            Self::Repeated { id } => write!(f, "{id} is there twice"),
        }
    }
}

impl core::error::Error for NetworkError {}

impl fmt::Display for NetworkWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneZone { zone } => {
                write!(f, "all subnets are in {zone}: give the function two zones or more")
            }
            Self::NoInternet { subnet, because } => {
                write!(f, "a function in subnet {subnet} does not reach the internet: {because}")
            }
        }
    }
}

impl fmt::Display for NoInternet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoute => "its route leads nowhere outside: use a NAT gateway",
            Self::NoPublicAddress => {
                "its route leads to an internet gateway, and a function has no public address: \
                 use a NAT gateway"
            }
            Self::NoOutboundRule => "no security group lets it out",
        })
    }
}

impl fmt::Display for InterfaceLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} network interfaces: the network can have {}", self.needed, self.limit)
    }
}

impl core::error::Error for InterfaceLimit {}

impl fmt::Display for RoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no role: arn:aws:iam::ACCOUNT:role/NAME", self.value)
    }
}

impl core::error::Error for RoleError {}
