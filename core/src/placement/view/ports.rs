//! Host ports: TCP and UDP apart.

use alloc::vec::Vec;
use core::fmt;

/// The most ports that can be reserved on a container instance at once, its
/// agent's own included (Amazon ECS API, `PortMapping`).
pub const MAX_PORTS: usize = 100;

/// The TCP ports that the container agent keeps for itself and SSH: 22, 2375,
/// 2376, 51678 and 51679.
const OF_AGENT: [u16; 5] = [22, 2_375, 2_376, 51_678, 51_679];

/// The transport of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// A set of host ports, each of one protocol.
///
/// Kept as a sorted list: with at most [`MAX_PORTS`] members it is smaller than
/// two bit sets of 65,536 bits, and a look-up takes seven steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortSet(Vec<u32>);

impl PortSet {
    /// No ports.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The ports that the container agent reserves on its instance.
    pub fn of_agent() -> Self {
        Self(OF_AGENT.map(u32::from).into())
    }

    /// Adds a port; whether it was not there before. Port 0 asks for any free
    /// port, which Amazon ECS does not reserve: it is never a member.
    /// O(members).
    pub fn insert(&mut self, protocol: Protocol, port: u16) -> bool {
        match self.0.binary_search(&key(protocol, port)) {
            Err(at) if port != 0 => {
                self.0.insert(at, key(protocol, port));
                true
            }
            _ => false,
        }
    }

    /// Whether that port is a member. O(log members).
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.0.binary_search(&key(protocol, port)).is_ok()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members: TCP first, each by number.
    pub fn iter(&self) -> impl Iterator<Item = (Protocol, u16)> {
        self.0.iter().map(|key| port_of(*key))
    }

    /// The first port that is a member of both.
    pub fn first_common(&self, other: &Self) -> Option<(Protocol, u16)> {
        let both = self.0.iter().find(|key| other.0.binary_search(key).is_ok());
        both.map(|key| port_of(*key))
    }

    /// Whether the members of `wanted` can be reserved beside these.
    pub(super) fn has_room_for(&self, wanted: &Self) -> bool {
        self.len() + wanted.len() <= MAX_PORTS && wanted.first_common(self).is_none()
    }

    /// Adds the members of `other`.
    pub(super) fn take(&mut self, other: &Self) {
        for (protocol, port) in other.iter() {
            self.insert(protocol, port);
        }
    }

    /// Takes the members of `other` away.
    pub(super) fn give(&mut self, other: &Self) {
        self.0.retain(|key| other.0.binary_search(key).is_err());
    }
}

impl FromIterator<(Protocol, u16)> for PortSet {
    fn from_iter<I: IntoIterator<Item = (Protocol, u16)>>(ports: I) -> Self {
        let mut set = Self::new();
        for (protocol, port) in ports {
            set.insert(protocol, port);
        }
        set
    }
}

const fn key(protocol: Protocol, port: u16) -> u32 {
    (protocol as u32) << 16 | port as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the low half of a key is its port")]
const fn port_of(key: u32) -> (Protocol, u16) {
    let protocol = if key >> 16 == Protocol::Tcp as u32 { Protocol::Tcp } else { Protocol::Udp };
    (protocol, key as u16)
}
