//! Requests, and the choice of a node for each.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::engine::View;
use super::error::{PlaceError, RequestError, Stale};
use super::index::{Index, Sight};
use super::ports::PortSet;
use super::reason::{Reason, Unplaced};
use super::skew::Skews;
use super::task::PlacementRequest;
use super::why::Placed;
use crate::id::{HoldId, NodeId, RequestId};
use crate::rng::splitmix64;

/// A request with the number of its group and its index.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) request: PlacementRequest,
    pub(super) group: u32,
    pub(super) ports: Option<Arc<PortSet>>,
    index: Box<Index>,
}

impl View {
    // ---- requests ---------------------------------------------------------

    /// Registers a request: what is placed many times is prepared once. O(text).
    ///
    /// # Errors
    ///
    /// [`RequestError`] names what is wrong with it.
    pub fn prepare(&mut self, request: PlacementRequest) -> Result<RequestId, RequestError> {
        request.check()?;
        let group = self.groups.join(&request.group);
        let ports = &request.needs.ports;
        let ports = (!ports.is_empty()).then(|| Arc::new(ports.clone()));
        let index = Box::new(Index::new(&request));
        let prepared = Prepared { request, group, ports, index };
        let (index, generation) = self.requests.insert(prepared);
        Ok(RequestId::new(index, generation))
    }

    /// Forgets a request. Its tasks keep their room.
    ///
    /// # Errors
    ///
    /// [`Stale`] where no request has that handle.
    pub fn forget(&mut self, id: RequestId) -> Result<(), Stale> {
        let prepared = self.requests.remove(id.index(), id.generation()).ok_or(Stale)?;
        self.groups.leave(prepared.group);
        Ok(())
    }

    /// The request of that handle.
    pub fn request(&self, id: RequestId) -> Option<&PlacementRequest> {
        self.requests.get(id.index(), id.generation()).map(|prepared| &prepared.request)
    }

    // ---- placing ----------------------------------------------------------

    /// Chooses the node for one task; takes nothing: see [`View::commit`].
    ///
    /// O(log nodes) for each node that changed since this request was placed
    /// last; O(nodes) for the first time, after a node was added, and after one
    /// changed an attribute that the request spreads over.
    ///
    /// # Errors
    ///
    /// [`PlaceError::Unplaced`] holds each node's reasons where no node may take
    /// the task, in O(nodes): [`View::try_place`] leaves them out.
    pub fn place(&mut self, id: RequestId) -> Result<Placed, PlaceError> {
        match self.try_place(id) {
            Ok(Some(placed)) => Ok(placed),
            Ok(None) => match self.requests.get(id.index(), id.generation()) {
                Some(prepared) => Err(PlaceError::Unplaced(self.unplaced(prepared))),
                None => Err(PlaceError::Stale),
            },
            Err(Stale) => Err(PlaceError::Stale),
        }
    }

    /// As [`View::place`], without reasons where no node may take the task.
    ///
    /// # Errors
    ///
    /// [`Stale`] where no request has that handle.
    pub fn try_place(&mut self, id: RequestId) -> Result<Option<Placed>, Stale> {
        let Self { nodes, rooms, groups, requests, draws, .. } = self;
        let prepared = requests.get_mut(id.index(), id.generation()).ok_or(Stale)?;
        let Prepared { request, group, index, .. } = prepared;
        let draw = if index.order().draws { splitmix64(draws) } else { 0 };
        let sight = Sight { nodes, rooms, groups };
        let placed = index.choose(request, *group, sight, draw).and_then(|chosen| {
            let generation = nodes.generation(chosen.index)?;
            Some(Placed::new(NodeId::new(chosen.index, generation), &chosen, index.order()))
        });
        Ok(placed)
    }

    pub(super) fn unplaced(&self, prepared: &Prepared) -> Unplaced {
        let mut unplaced = Unplaced::default();
        let mut reasons = Vec::new();
        let skews = self.skews(prepared);
        for (index, generation, _) in self.nodes.iter() {
            reasons.clear();
            if let Some(candidate) = self.candidate(index) {
                let note = &mut |reason| reasons.push(reason);
                candidate.refusals(&prepared.request, prepared.group, note);
                skews.refusals(&candidate, note);
            }
            unplaced.push(NodeId::new(index, generation), &reasons);
        }
        unplaced.settle()
    }

    /// Every reason why a named node cannot take a task of that request: what
    /// `StartTask` reports. Empty where it can. O(request), and O(nodes) for each
    /// topology spread.
    ///
    /// # Errors
    ///
    /// [`Stale`] where the request or the node is none of this view.
    pub fn reasons(&self, id: RequestId, node: NodeId) -> Result<Vec<Reason>, Stale> {
        let prepared = self.requests.get(id.index(), id.generation()).ok_or(Stale)?;
        self.nodes.get(node.index(), node.generation()).ok_or(Stale)?;
        let candidate = self.candidate(node.index()).ok_or(Stale)?;
        let mut reasons = Vec::new();
        let note = &mut |reason| reasons.push(reason);
        candidate.refusals(&prepared.request, prepared.group, note);
        self.skews(prepared).refusals(&candidate, note);
        Ok(reasons)
    }

    /// Whether a node is as a request needs it, whatever room it has and whatever
    /// runs there. O(request).
    pub(crate) fn is_eligible(&self, request: &PlacementRequest, node: NodeId) -> bool {
        let there = self.nodes.get(node.index(), node.generation()).is_some();
        let candidate = self.candidate(node.index()).filter(|_| there);
        candidate.is_some_and(|candidate| candidate.is_eligible(request))
    }

    /// The topology spreads of a request as they are now. O(nodes) for each.
    pub(super) fn skews<'a>(&self, prepared: &'a Prepared) -> Skews<'a> {
        let Self { nodes, rooms, groups, .. } = self;
        let sight = Sight { nodes, rooms, groups };
        Skews::new(prepared, sight.candidates().map(|(_, candidate)| candidate))
    }

    /// Chooses the node for one task and takes the room: [`View::place`] and
    /// [`View::commit`].
    ///
    /// # Errors
    ///
    /// Those of [`View::place`].
    pub fn assign(&mut self, id: RequestId) -> Result<(Placed, HoldId), PlaceError> {
        let placed = self.place(id)?;
        match self.commit(id, placed.node) {
            Ok(hold) => Ok((placed, hold)),
            Err(_) => Err(PlaceError::Stale),
        }
    }
}
