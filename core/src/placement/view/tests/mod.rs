//! Tests of the view: its rules as specifications.

mod preempt;
mod rules;
mod skew;

use super::{Chain, NodeInfo, PlacementRequest, TaskRequirements, View};
use crate::id::{NodeId, RequestId};

/// A view of these nodes.
fn view_of(nodes: impl IntoIterator<Item = NodeInfo>) -> (View, Vec<NodeId>) {
    let mut view = View::new(7);
    let ids = nodes.into_iter().map(|info| view.add_node(info).unwrap()).collect();
    (view, ids)
}

/// A request of group `g` with these strategies, and nothing but a little room.
fn request(view: &mut View, strategies: &[&str]) -> RequestId {
    let request = PlacementRequest::new("g", TaskRequirements::new(1, 1));
    view.prepare(request.strategies(Chain::parse(strategies).unwrap())).unwrap()
}

/// The node of the next task, which takes its room.
fn next(view: &mut View, id: RequestId) -> NodeId {
    view.assign(id).unwrap().0.node
}
