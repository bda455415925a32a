//! The instances of a simulation: launched, ready, draining, gone.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::config::InstanceGroup;
use crate::autoscale::{Stoppable, choose_idle};
use crate::cost::{InstanceMeter, Purchase};
use crate::id::NodeId;
use crate::placement::view::{NodeInfo, View};
use crate::service::InstanceKey;
use crate::time::Instant;

/// One instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    pub(super) zone: u32,
    pub(super) launched: Instant,
    pub(super) purchase: Purchase,
    /// Once it is registered.
    pub(super) node: Option<NodeId>,
    pub(super) draining: bool,
}

/// All instances, and the hours of those that are gone.
#[derive(Debug)]
pub(super) struct Instances {
    pub(super) settings: InstanceGroup,
    pub(super) all: BTreeMap<InstanceKey, Instance>,
    pub(super) meter: InstanceMeter,
    /// By zone: until when nothing can be launched there.
    down_until: Vec<Instant>,
    next: u64,
}

pub(super) fn zone_name(zone: u32) -> String {
    format!("zone-{zone}")
}

impl Instances {
    pub(super) fn new(settings: InstanceGroup) -> Self {
        let zones = usize::try_from(settings.zones).unwrap_or(0);
        let down_until = alloc::vec![Instant::ZERO; zones];
        let (all, meter) = (BTreeMap::new(), InstanceMeter::default());
        Self { settings, all, meter, down_until, next: 1 }
    }

    /// Instances that are there or coming, and stay.
    pub(super) fn alive(&self) -> u32 {
        count(self.all.values().filter(|instance| !instance.draining))
    }

    pub(super) fn booting(&self) -> u32 {
        count(self.all.values().filter(|instance| instance.node.is_none()))
    }

    pub(super) fn ready(&self) -> u32 {
        count(self.all.values().filter(|of| of.node.is_some() && !of.draining))
    }

    /// Of those ready, the ones with tasks.
    pub(super) fn busy(&self, view: &View) -> u32 {
        let ready = self.all.values().filter(|of| !of.draining);
        count(ready.filter(|of| tasks_on(view, of) > 0))
    }

    /// Launches one in the zone with the fewest; `None` where all are down.
    pub(super) fn launch(&mut self, now: Instant) -> Option<InstanceKey> {
        let here =
            |zone: u32| count(self.all.values().filter(|of| of.zone == zone && !of.draining));
        let down = self.down_until.iter();
        let up = (0..).zip(down).filter(|(_, until)| **until <= now).map(|(zone, _)| zone);
        let zone = up.min_by_key(|zone| (here(*zone), *zone))?;
        let alive = u64::from(self.alive());
        let staying = self.all.values().filter(|of| !of.draining);
        let spot = count(staying.filter(|of| of.purchase == Purchase::Spot));
        let share = u64::from(self.settings.spot_percent);
        let purchase = if u64::from(spot) * 100 < share * (alive + 1) {
            Purchase::Spot
        } else {
            Purchase::OnDemand
        };
        let key = InstanceKey(self.next);
        self.next += 1;
        let instance = Instance { zone, launched: now, purchase, node: None, draining: false };
        self.all.insert(key, instance);
        Some(key)
    }

    /// Registers one that has booted; `None` where it is gone meanwhile.
    pub(super) fn register(&mut self, key: InstanceKey, view: &mut View) -> Option<Instance> {
        let of = self.settings.instance_type;
        let memory_mib = of.memory_mib.saturating_sub(self.settings.system_memory_mib);
        let instance = self.all.get_mut(&key)?;
        let info = NodeInfo::new(of.cpu_units, memory_mib).zone(&zone_name(instance.zone));
        instance.node = Some(view.add_node(info).ok()?);
        Some(*instance)
    }

    /// Ends one: its hours are billed and its node is gone.
    pub(super) fn end(&mut self, now: Instant, key: InstanceKey, view: &mut View) {
        let Some(instance) = self.all.remove(&key) else { return };
        self.meter.instance(instance.purchase, now.since(instance.launched));
        if let Some(node) = instance.node {
            // What ran on it was ended before.
            let _ = view.remove_node(node);
        }
    }

    /// A zone is lost; its instances.
    pub(super) fn lose_zone(&mut self, zone: u32, until: Instant) -> Vec<InstanceKey> {
        if let Some(down) = usize::try_from(zone).ok().and_then(|at| self.down_until.get_mut(at)) {
            *down = until.max(*down);
        }
        let there = self.all.iter().filter(|(_, of)| of.zone == zone);
        there.map(|(key, _)| *key).collect()
    }

    /// Up to `count` to stop, by managed termination protection: empty ones.
    pub(super) fn to_stop(&self, count: u32, view: &View) -> Vec<InstanceKey> {
        let staying: Vec<_> = self.all.iter().filter(|(_, of)| !of.draining).collect();
        let list: Vec<_> = staying
            .iter()
            .map(|(_, of)| Stoppable {
                zone: of.zone,
                started: of.launched,
                tasks: tasks_on(view, of),
                protected: false,
            })
            .collect();
        let (chosen, _) = choose_idle(&list, count, true);
        chosen.into_iter().map(|at| *staying[at].0).collect()
    }
}

pub(super) fn tasks_on(view: &View, instance: &Instance) -> u32 {
    instance.node.and_then(|node| view.node(node)).map_or(0, |node| node.tasks)
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}
