//! Placement by the rules of Amazon ECS beside a plain list of nodes.
//!
//! [`check`] plays a list of [`Action`]s on a [`View`] and on the list:
//! * a task goes to the node that the rules name, one rule after the other over
//!   all nodes, and for the reasons that they give;
//! * it is refused only where each node has a reason, with all of the reasons,
//!   and the closest match is the one that the rule names;
//! * a commit takes all or nothing, a release gives it back once;
//! * stale handles are refused;
//! * after every action each node shows what is left of it.
//!
//! An action comes from four bytes, for property tests and fuzz targets alike.

#[path = "ecs_oracle.rs"]
mod ecs_oracle;

use ecs_oracle::{CHAINS, CONSTRAINTS, Held, Node, Oracle, Request, Rule};
use warmstow_core::id::{HoldId, NodeId, RequestId};
use warmstow_core::placement::constraint::Constraint;
use warmstow_core::placement::view::{
    Because, Chain, CommitError, NodeInfo, NodeInfoError, PlaceError, PlacementRequest, Protocol,
    Stale, TaskRequirements, View,
};

/// The view as it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// What `random` draws from.
    pub(crate) seed: u64,
}

impl Settings {
    /// The settings that a byte stands for.
    pub(crate) fn from_bytes([seed]: [u8; 1]) -> Self {
        Self { seed: seed.into() }
    }
}

/// One call. A number picks a node, a request or a task, modulo what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `add_node`: what it has, which attributes, how many.
    Add(u8, u8, u8),
    /// `update_node`, likewise.
    Update(u8, u8, u8),
    /// `remove_node`.
    Remove(u8),
    /// `set_active`.
    SetActive(u8, bool),
    /// `set_agent_connected`.
    SetAgent(u8, bool),
    /// `set_attribute`: which, and its value.
    SetAttribute(u8, u8, u8),
    /// `remove_attribute`.
    RemoveAttribute(u8, u8),
    /// `prepare`: what the task needs, constraints, strategies and group.
    Prepare(u8, u8, u8),
    /// `forget`.
    Forget(u8),
    /// `place`, and nothing taken.
    Place(u8),
    /// `assign`.
    Assign(u8),
    /// `commit` on a named node.
    Commit(u8, u8),
    /// `set_running`.
    SetRunning(u8, bool),
    /// `release`, and again.
    Release(u8),
}

impl Action {
    /// The action that four bytes stand for; all of them are one.
    pub(crate) fn from_bytes([kind, a, b, c]: [u8; 4]) -> Self {
        match kind % 32 {
            0..=3 => Self::Add(a, b, c),
            4 => Self::Update(a, b, c),
            5 => Self::Remove(a),
            6 => Self::SetActive(a, b % 3 > 0),
            7 => Self::SetAgent(a, b % 3 > 0),
            8 => Self::SetAttribute(a, b, c),
            9 => Self::RemoveAttribute(a, b),
            10..=13 => Self::Prepare(a, b, c),
            14 => Self::Forget(a),
            15 => Self::Place(a),
            16..=23 => Self::Assign(a),
            24 => Self::Commit(a, b),
            25 | 26 => Self::SetRunning(a, b % 4 > 0),
            27.. => Self::Release(a),
        }
    }
}

const ATTRIBUTES: [&str; 3] = ["ecs.availability-zone", "rack", "size"];
const VALUES: [[&str; 3]; 3] = [["a", "b", "c"], ["r1", "r2", ""], ["3", "10", "30"]];

/// A node as bytes describe it, for the view and for the list.
fn node(a: u8, b: u8, c: u8) -> (NodeInfo, Node) {
    let (cpu, memory) = (1 + u32::from(a % 24), 1 + u32::from(c % 24));
    let mut info = NodeInfo::new(cpu, memory).gpus((a / 24 % 3).into()).enis((c / 24 % 4).into());
    for ((attribute, values), unit) in ATTRIBUTES.iter().zip(VALUES).zip([1, 4, 16]) {
        if let Some(value) = values.get(usize::from(b) / unit % 4) {
            info = info.attribute(attribute, value);
        }
    }
    if let Some(version) = ["1.9.0", "1.14.2"].get(usize::from(b / 64)) {
        info = info.agent_version(version);
    }
    if c.is_multiple_of(5) {
        info = info.reserved_port(Protocol::Udp, 53);
    }
    let plain = Node::of(&info);
    (info, plain)
}

/// A request as bytes describe it, likewise.
fn request(a: u8, b: u8, c: u8) -> (PlacementRequest, Request) {
    let mut needs = TaskRequirements::new((a % 6).into(), (a / 6 % 6).into());
    let extra = a / 36 + b % 8 * 8;
    needs = match extra % 10 {
        1 => needs.gpus(1),
        2 => needs.eni(),
        3 => needs.tcp_port(80),
        4 => needs.udp_port(80),
        5 => needs.udp_port(53).tcp_port(443),
        6 => needs.attribute("rack", None),
        7 => needs.attribute("size", Some("10")),
        8 => needs.zone("a").zone("b"),
        _ => needs,
    };
    let group = ["g0", "g1", "g2"][usize::from(c) / 64 % 3];
    let chain = CHAINS[usize::from(c % 64) % CHAINS.len()];
    let mut wanted = PlacementRequest::new(group, needs.clone())
        .strategies(Chain::parse(chain).expect("the chains are strategies"));
    let mut constraints = Vec::new();
    for number in [usize::from(b) / 8 % 16, usize::from(b) / 64 * 5 + 9] {
        if let Some((text, _)) = CONSTRAINTS.get(number) {
            wanted = wanted.constraint(Constraint::member_of(text).expect("it is an expression"));
            constraints.push(Rule::Member(number));
        }
    }
    if b.is_multiple_of(7) {
        wanted = wanted.constraint(Constraint::DistinctInstance);
        constraints.push(Rule::Distinct);
    }
    let max_skew = 1 + u32::from(c) % 3;
    for attribute in ATTRIBUTES.into_iter().take(usize::from(a.wrapping_mul(7) ^ b) % 8 / 3) {
        wanted = wanted.constraint(Constraint::MaxSkew { attribute: attribute.into(), max_skew });
        constraints.push(Rule::Skew(attribute, max_skew));
    }
    (wanted, Request { group, needs, constraints, chain })
}

/// Plays `actions` on a view of these settings and on the list.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn check(settings: Settings, actions: &[Action]) {
    let mut world = World {
        view: View::new(settings.seed),
        oracle: Oracle { nodes: Vec::new(), draws: settings.seed },
        ids: Vec::new(),
        requests: Vec::new(),
        held: Vec::new(),
    };
    for &action in actions {
        world.apply(action);
    }
}

/// The view and the list side by side, with the handles given out.
struct World {
    view: View,
    oracle: Oracle,
    /// The handle of each node of the list; stale where the node is gone.
    ids: Vec<NodeId>,
    requests: Vec<(RequestId, Request)>,
    held: Vec<(HoldId, usize)>,
}

impl World {
    fn apply(&mut self, action: Action) {
        match action {
            Action::Add(a, b, c) => self.add(node(a, b, c)),
            Action::Update(a, b, c) => self.update(a, node(b, c, a)),
            Action::Remove(number) => self.remove(number),
            Action::SetActive(number, active) => {
                let done = self.any(number).map(|at| {
                    self.change(at, |node| node.active = active);
                    self.view.set_active(self.ids[at], active)
                });
                assert!(done.is_none_or(|done| done.is_ok()));
            }
            Action::SetAgent(number, connected) => {
                let done = self.any(number).map(|at| {
                    self.change(at, |node| node.connected = connected);
                    self.view.set_agent_connected(self.ids[at], connected)
                });
                assert!(done.is_none_or(|done| done.is_ok()));
            }
            Action::SetAttribute(number, which, value) => {
                let (which, value) = (usize::from(which) % 3, usize::from(value) % 3);
                let (name, value) = (ATTRIBUTES[which], VALUES[which][value]);
                if let Some(at) = self.any(number) {
                    self.change(at, |node| drop(node.attributes.insert(name.into(), value.into())));
                    self.view.set_attribute(self.ids[at], name, value).unwrap();
                }
            }
            Action::RemoveAttribute(number, which) => {
                let name = ATTRIBUTES[usize::from(which) % 3];
                if let Some(at) = self.any(number) {
                    let had = self.oracle.node(at).attributes.contains_key(name);
                    self.change(at, |node| drop(node.attributes.remove(name)));
                    assert_eq!(self.view.remove_attribute(self.ids[at], name), Ok(had));
                }
            }
            Action::Prepare(a, b, c) => {
                let (wanted, plain) = request(a, b, c);
                let id = self.view.prepare(wanted.clone()).unwrap();
                assert_eq!(self.view.request(id), Some(&wanted));
                self.requests.push((id, plain));
            }
            Action::Forget(number) => self.forget(number),
            Action::Place(number) => drop(self.place(number)),
            Action::Assign(number) => self.assign(number),
            Action::Commit(number, node) => self.commit(number, node),
            Action::SetRunning(number, running) => self.set_running(number, running),
            Action::Release(number) => self.release(number),
        }
        self.compare();
    }

    /// One of the nodes that are there.
    fn any(&self, number: u8) -> Option<usize> {
        let there: Vec<_> = (0..self.ids.len()).filter(|at| self.oracle.has(*at)).collect();
        (!there.is_empty()).then(|| there[usize::from(number) % there.len()])
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Node)) {
        change(self.oracle.nodes[at].as_mut().unwrap());
    }

    fn add(&mut self, (info, plain): (NodeInfo, Node)) {
        let id = self.view.add_node(info).unwrap();
        let at = id.index() as usize;
        if at == self.ids.len() {
            self.ids.push(id);
            self.oracle.nodes.push(Some(plain));
        } else {
            assert!(!self.oracle.has(at) && self.ids[at] != id, "a place in use, or an old handle");
            self.ids[at] = id;
            self.oracle.nodes[at] = Some(plain);
        }
    }

    fn update(&mut self, number: u8, (info, mut plain): (NodeInfo, Node)) {
        let Some(at) = self.any(number) else { return };
        plain.held.clone_from(&self.oracle.node(at).held);
        let done = self.view.update_node(self.ids[at], info);
        if plain.holds_too_much() {
            assert!(matches!(done, Err(NodeInfoError::InUse(_))), "{done:?}");
        } else {
            assert_eq!(done, Ok(()));
            self.oracle.nodes[at] = Some(plain);
        }
    }

    fn remove(&mut self, number: u8) {
        let Some(at) = self.any(number) else { return };
        let id = self.ids[at];
        let mut gone = self.view.remove_node(id).unwrap();
        gone.sort();
        let (mut here, kept): (Vec<_>, Vec<_>) = self.held.drain(..).partition(|(_, on)| *on == at);
        here.sort();
        assert_eq!(gone, here.iter().map(|(hold, _)| *hold).collect::<Vec<_>>());
        assert!(gone.iter().all(|hold| self.view.release(*hold) == Err(Stale)));
        self.held = kept;
        self.oracle.nodes[at] = None;
        assert_eq!(self.view.remove_node(id), Err(Stale));
        assert!(self.view.node(id).is_none());
    }

    fn forget(&mut self, number: u8) {
        if self.requests.is_empty() {
            return;
        }
        let (id, _) = self.requests.swap_remove(usize::from(number) % self.requests.len());
        assert_eq!(self.view.forget(id), Ok(()));
        assert_eq!(self.view.forget(id), Err(Stale));
        assert_eq!(self.view.place(id), Err(PlaceError::Stale));
    }

    fn of(&self, number: u8) -> Option<usize> {
        (!self.requests.is_empty()).then(|| usize::from(number) % self.requests.len())
    }

    /// Places a task of a request: the node.
    fn place(&mut self, number: u8) -> Option<usize> {
        let (id, request) = self.requests[self.of(number)?].clone();
        let placed = self.view.place(id);
        match self.oracle.chosen(&request) {
            Some((at, because)) => {
                let placed = placed.unwrap_or_else(|error| panic!("{at} may take it: {error}"));
                assert_eq!(placed.node, self.ids[at], "{request:?}");
                assert_eq!(placed.because().collect::<Vec<Because>>(), because);
                Some(at)
            }
            None => {
                let error = placed.expect_err("no node may take it");
                let unplaced = error.unplaced().expect("the request is prepared");
                let reasons = self.oracle.reasons(&request);
                let found = unplaced.nodes().map(|(node, reasons)| (node, reasons.to_vec()));
                let expected: Vec<_> =
                    reasons.iter().map(|(at, reasons)| (self.ids[*at], reasons.clone())).collect();
                assert_eq!(found.collect::<Vec<_>>(), expected);
                let closest = unplaced.closest().map(|closest| closest.node);
                assert_eq!(closest, ecs_oracle::closest(&reasons).map(|at| self.ids[at]));
                None
            }
        }
    }

    fn assign(&mut self, number: u8) {
        let Some(at) = self.place(number) else { return };
        let (id, request) = self.requests[self.of(number).unwrap()].clone();
        // A draw for the look and one for the task.
        let chosen = self.oracle.chosen(&request);
        let (placed, hold) = self.view.assign(id).unwrap();
        let (now, _) = chosen.unwrap();
        assert_eq!(placed.node, self.ids[now]);
        assert!(now == at || request.chain.contains(&"random"));
        self.hold(now, hold, &request);
    }

    fn hold(&mut self, at: usize, hold: HoldId, request: &Request) {
        self.change(at, |node| node.held.push(Held::of(hold, request)));
        self.held.push((hold, at));
    }

    fn commit(&mut self, number: u8, node: u8) {
        let (Some(of), Some(at)) = (self.of(number), self.any(node)) else { return };
        let (id, request) = self.requests[of].clone();
        let short = self.oracle.node(at).shortages(&request.needs);
        match self.view.commit(id, self.ids[at]) {
            Ok(hold) => {
                assert_eq!(short, []);
                self.hold(at, hold, &request);
            }
            Err(error) => assert_eq!(Some(error), short.first().copied().map(CommitError::Short)),
        }
    }

    fn set_running(&mut self, number: u8, running: bool) {
        if self.held.is_empty() {
            return;
        }
        let (hold, at) = self.held[usize::from(number) % self.held.len()];
        self.view.set_running(hold, running).unwrap();
        let mut held = self.oracle.nodes[at].as_mut().unwrap().held.iter_mut();
        held.find(|held| held.id == hold).unwrap().running = running;
    }

    fn release(&mut self, number: u8) {
        if self.held.is_empty() {
            return;
        }
        let (hold, at) = self.held.swap_remove(usize::from(number) % self.held.len());
        assert_eq!(self.view.release(hold), Ok(()));
        assert_eq!(self.view.release(hold), Err(Stale));
        self.change(at, |node| node.held.retain(|held| held.id != hold));
    }

    /// Every node shows what the list says.
    fn compare(&self) {
        let there = (0..self.ids.len()).filter(|at| self.oracle.has(*at));
        assert!(self.view.nodes().map(|node| node.id).eq(there.clone().map(|at| self.ids[at])));
        for at in there {
            let (shown, node) = (self.view.node(self.ids[at]).unwrap(), self.oracle.node(at));
            assert_eq!((shown.free, shown.gpus_free, shown.enis_free), node.free());
            assert_eq!(shown.tasks as usize, node.held.len());
            assert_eq!(shown.running_tasks, node.running());
            assert!(shown.ports_taken.iter().eq(node.ports().into_iter()));
            let mut tasks: Vec<_> = self.view.tasks_on(self.ids[at]).collect();
            tasks.sort();
            let mut held: Vec<_> = node.held.iter().map(|held| held.id).collect();
            held.sort();
            assert_eq!(tasks, held);
        }
    }
}
