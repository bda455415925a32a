//! Instances started ahead of requests.
//!
//! A prestart takes a vacant slot and room as a cold start does, but no unit of
//! concurrency: nobody runs yet. The host initialises the instance and reports
//! it; then it is idle and serves the next request warm. It spends no token of
//! the scaling rate, and counts as no invocation.

use super::invoke::NO_NODE;
use super::{Function, InvokeError};
use crate::id::{NodeId, SlotId};
use crate::placement::{Fleet, Strategy};
use crate::pool::{Claim, Seat, SeatError};
use crate::sync::Storage;
use crate::time::Instant;

/// An instance of a [`Function`] that is started ahead of requests.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the instance is held until it is prepared or has failed"]
pub struct Started {
    /// The instance.
    pub slot: SlotId,
    /// The hold: given to [`Function::prepared`] or [`Function::unprepared`].
    pub seat: Seat,
    /// On this node; `None` where there is no fleet.
    pub node: Option<NodeId>,
}

impl<W: Storage> Function<W> {
    /// Starts an instance ahead of requests. O(nodes).
    ///
    /// # Errors
    ///
    /// The function has as many instances as it may, or no node has room.
    pub fn prestart<F: Storage>(
        &self,
        fleet: Option<&Fleet<F>>,
        strategy: Strategy,
    ) -> Result<Started, InvokeError> {
        let full = InvokeError::InstanceLimit { max_instances: self.spec().max_instances };
        let vacancy = self.pool.begin().ok_or(full)?;
        let node = self.find_room(fleet, strategy)?;
        self.tallies.prestarted();
        let Claim { slot, seat } = vacancy.start(node.map_or(NO_NODE, NodeId::index));
        Ok(Started { slot, seat, node })
    }

    /// Reports that a prestarted instance has initialised: it is idle from
    /// `now` on. `Some(slot)`: it was drained meanwhile; stop it, then report
    /// [`Function::stopped`].
    ///
    /// # Errors
    ///
    /// A stale seat.
    pub fn prepared(&self, now: Instant, seat: Seat) -> Result<Option<SlotId>, SeatError> {
        self.pool.started(&seat)?;
        let stop = self.pool.release(now, seat)?;
        self.tallies.prepared();
        Ok(stop)
    }

    /// Reports that a prestarted instance has not come up. `Some(slot)`: stop
    /// what is left of it, then report [`Function::stopped`].
    ///
    /// # Errors
    ///
    /// A stale seat.
    pub fn unprepared(&self, now: Instant, seat: Seat) -> Result<Option<SlotId>, SeatError> {
        let stop = self.pool.fail(now, seat)?;
        self.tallies.prepared();
        Ok(stop)
    }
}
