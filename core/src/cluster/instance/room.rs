//! What is left of an instance: CPU, memory, ports, interfaces, GPUs; all or nothing.

use alloc::collections::BTreeSet;
use core::fmt;

use crate::cluster::task_definition::{Protocol, Requirements};
use crate::placement::view::MAX_PORTS;
use crate::resources::Resources;

/// What is left of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// CPU units and memory.
    pub resources: Resources,
    /// One bit for each GPU that is left.
    pub gpus: u64,
    /// Network interfaces.
    pub enis: u32,
    /// Ports that cannot be had, TCP and UDP apart.
    pub taken_ports: BTreeSet<(Protocol, u16)>,
}

/// The first resource of which there is too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortage {
    /// CPU units.
    Cpu {
        /// Needed.
        needed: u32,
        /// Left.
        left: u32,
    },
    /// MiB.
    Memory {
        /// Needed.
        needed: u32,
        /// Left.
        left: u32,
    },
    /// A port that is taken.
    Port {
        /// TCP or UDP.
        protocol: Protocol,
        /// The port.
        port: u16,
    },
    /// Ports, of the 100 that can be reserved on an instance.
    Ports {
        /// Needed.
        needed: u32,
        /// Left.
        left: u32,
    },
    /// Network interfaces.
    Eni {
        /// Needed.
        needed: u32,
        /// Left.
        left: u32,
    },
    /// GPUs.
    Gpu {
        /// Needed.
        needed: u32,
        /// Left.
        left: u32,
    },
}

impl Shortage {
    /// AWS's reason of a failure (Amazon ECS Developer Guide, "API failure reasons").
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Cpu { .. } => "RESOURCE:CPU",
            Self::Memory { .. } => "RESOURCE:MEMORY",
            Self::Port { .. } | Self::Ports { .. } => "RESOURCE:PORTS",
            Self::Eni { .. } => "RESOURCE:ENI",
            Self::Gpu { .. } => "RESOURCE:GPU",
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, needed, left) = match *self {
            Self::Cpu { needed, left } => ("CPU units", needed, left),
            Self::Memory { needed, left } => ("MiB of memory", needed, left),
            Self::Eni { needed, left } => ("network interfaces", needed, left),
            Self::Gpu { needed, left } => ("GPUs", needed, left),
            Self::Ports { needed, left } => ("reserved ports", needed, left),
            Self::Port { protocol, port } => {
                return write!(f, "port {port}/{} is taken", protocol.as_str());
            }
        };
        write!(f, "{needed} {what} needed, {left} left")
    }
}

impl core::error::Error for Shortage {}

impl Room {
    /// What is missing for `needed`: CPU first, then memory, ports, interfaces,
    /// GPUs. O(ports needed · log ports taken).
    pub fn short_of(&self, needed: &Requirements) -> Option<Shortage> {
        let left = self.resources;
        if left.cpu_units < needed.resources.cpu_units {
            let needed = needed.resources.cpu_units;
            return Some(Shortage::Cpu { needed, left: left.cpu_units });
        }
        if left.memory_mib < needed.resources.memory_mib {
            let needed = needed.resources.memory_mib;
            return Some(Shortage::Memory { needed, left: left.memory_mib });
        }
        let taken = |port: &&(Protocol, u16)| self.taken_ports.contains(*port);
        if let Some(&(protocol, port)) = needed.ports.iter().find(taken) {
            return Some(Shortage::Port { protocol, port });
        }
        let ports_left = MAX_PORTS.saturating_sub(self.taken_ports.len());
        if needed.ports.len() > ports_left {
            let amount = |ports: usize| u32::try_from(ports).unwrap_or(u32::MAX);
            let needed = amount(needed.ports.len());
            return Some(Shortage::Ports { needed, left: amount(ports_left) });
        }
        if self.enis < needed.enis {
            return Some(Shortage::Eni { needed: needed.enis, left: self.enis });
        }
        if self.gpus_left() < needed.gpus {
            return Some(Shortage::Gpu { needed: needed.gpus, left: self.gpus_left() });
        }
        None
    }

    /// How many GPUs are left.
    pub const fn gpus_left(&self) -> u32 {
        self.gpus.count_ones()
    }

    /// Takes all of `needed`, and answers which GPUs, lowest first; or takes nothing.
    ///
    /// # Errors
    /// The first resource of which there is too little.
    pub fn take(&mut self, needed: &Requirements) -> Result<u64, Shortage> {
        if let Some(shortage) = self.short_of(needed) {
            return Err(shortage);
        }
        self.resources.cpu_units -= needed.resources.cpu_units;
        self.resources.memory_mib -= needed.resources.memory_mib;
        self.enis -= needed.enis;
        self.taken_ports.extend(needed.ports.iter().copied());
        let mut gpus = 0;
        for _ in 0..needed.gpus {
            let lowest = self.gpus & self.gpus.wrapping_neg();
            self.gpus &= !lowest;
            gpus |= lowest;
        }
        Ok(gpus)
    }

    /// Gives back what [`take`](Self::take) took, with the GPUs that it answered.
    pub fn give_back(&mut self, taken: &Requirements, gpus: u64) {
        debug_assert_eq!(self.gpus & gpus, 0, "a GPU given back twice");
        debug_assert_eq!(gpus.count_ones(), taken.gpus, "other GPUs than were taken");
        self.resources.cpu_units += taken.resources.cpu_units;
        self.resources.memory_mib += taken.resources.memory_mib;
        self.enis += taken.enis;
        self.gpus |= gpus;
        for port in &taken.ports {
            let was_taken = self.taken_ports.remove(port);
            debug_assert!(was_taken, "port {port:?} given back twice");
        }
    }

    /// The taken ports of a protocol as AWS lists them.
    pub fn ports(&self, protocol: Protocol) -> impl Iterator<Item = u16> {
        self.taken_ports.iter().filter(move |(other, _)| *other == protocol).map(|(_, port)| *port)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use alloc::vec;

    use super::*;

    fn room() -> Room {
        Room { resources: Resources::new(1_024, 2_048), gpus: 0b1011, enis: 1, ..Room::default() }
    }

    #[test]
    fn all_is_taken_and_given_back_or_nothing_is() {
        let mut room = room();
        let ports = vec![(Protocol::Tcp, 80), (Protocol::Udp, 80)];
        let resources = Resources::new(1_024, 1_000);
        let needed = Requirements { resources, gpus: 2, enis: 1, ports };
        let before = room.clone();
        let gpus = room.take(&needed).unwrap();
        assert_eq!((gpus, room.gpus_left()), (0b0011, 1));
        assert_eq!(room.short_of(&needed), Some(Shortage::Cpu { needed: 1_024, left: 0 }));
        room.give_back(&needed, gpus);
        assert_eq!(room, before);
        let more = Requirements { gpus: 4, ..needed };
        assert_eq!(room.take(&more), Err(Shortage::Gpu { needed: 4, left: 3 }));
        assert_eq!(room, before);
    }

    #[test]
    fn tcp_and_udp_ports_are_apart() {
        let mut room = room();
        let of = |protocol| Requirements { ports: vec![(protocol, 53)], ..Requirements::default() };
        room.take(&of(Protocol::Tcp)).unwrap();
        assert!(room.take(&of(Protocol::Udp)).is_ok());
        let error = room.take(&of(Protocol::Tcp)).unwrap_err();
        assert_eq!(error.to_string(), "port 53/tcp is taken");
        assert_eq!(error.reason(), "RESOURCE:PORTS");
    }
}
