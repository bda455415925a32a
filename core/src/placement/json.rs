//! Packing and consolidation in JSON, for hosts of every language.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::consolidate::{
    Cluster, ClusterError, ClusterNode, ClusterService, ClusterTask, Consolidator,
};
use super::pack::{BinKind, Item, Packer, Problem, ProblemError};

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// It is no JSON of that form: what is wrong, with line and column.
    Form(String),
    /// A value cannot hold.
    Value(E),
}

impl<E: fmt::Display> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(problem) => f.write_str(problem),
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for ReadError<E> {}

pub(super) fn read<'a, T: Deserialize<'a>, E>(text: &'a str) -> Result<T, ReadError<E>> {
    serde_json::from_str(text).map_err(|error| ReadError::Form(error.to_string()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProblemText {
    kinds: Vec<BinKind>,
    items: Vec<Item>,
}

impl Problem {
    /// A problem such as
    /// `{"kinds": [{"capacity": [4, 8], "cost": 3, "count": 2}],
    /// "items": [{"choices": [[2, 2], [1, 4]], "demand": 5, "kinds": [0]}]}`.
    /// `cost` and `demand` may be left out (1), and so may `count` and `kinds`
    /// (any).
    ///
    /// # Errors
    ///
    /// It is no JSON of that form, or a value cannot hold.
    pub fn from_json(text: &str) -> Result<Self, ReadError<ProblemError>> {
        let ProblemText { kinds, items } = read(text)?;
        Self::new(kinds, &items).map_err(ReadError::Value)
    }
}

impl Packer {
    /// The best packing so far: `cost`, `lower_bound`, `optimal`, `work`, `bins`
    /// with the `kind` of each and its `items` (`[item, choice]`), and the items
    /// `unplaced`, all by place from 0. O(units).
    pub fn to_json(&self) -> String {
        let (best, problem) = (self.best(), self.problem());
        let bins = best.bins.iter().map(|bin| {
            let items = bin.units.iter();
            let items = items.map(|&(unit, choice)| json!([problem.item_of(unit), choice]));
            json!({ "kind": bin.kind, "items": items.collect::<Value>() })
        });
        let unplaced = best.unplaced.iter().map(|&unit| problem.item_of(unit));
        let packing = json!({
            "cost": best.cost,
            "lower_bound": self.lower_bound(),
            "optimal": self.is_optimal(),
            "work": self.work(),
            "bins": bins.collect::<Value>(),
            "unplaced": unplaced.collect::<Value>(),
        });
        packing.to_string()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterText {
    nodes: Vec<ClusterNode>,
    tasks: Vec<ClusterTask>,
    #[serde(default)]
    services: Vec<ClusterService>,
}

impl Cluster {
    /// A cluster such as
    /// `{"nodes": [{"capacity": [4], "may_be_freed": true, "takes_tasks": true}],
    /// "tasks": [{"node": 0, "size": [1], "movable": true, "move_cost": 1,
    /// "service": 0, "nodes": [0]}], "services": [{"floor": 0, "distinct": false}]}`,
    /// where all but `nodes`, `tasks`, `capacity`, `node` and `size` may be left
    /// out: that is then as shown, and a task is of no service and may go anywhere.
    ///
    /// # Errors
    ///
    /// It is no JSON of that form, or a value cannot hold.
    pub fn from_json(text: &str) -> Result<Self, ReadError<ClusterError>> {
        let ClusterText { nodes, tasks, services } = read(text)?;
        Self::new(nodes, tasks, services).map_err(ReadError::Value)
    }
}

impl Consolidator {
    /// The best plan so far: `nodes_used`, `lower_bound`, `nodes_after`, `cost`,
    /// `freed` (`node`, `after_moves`, `cost`) and `moves` (`task`, `from`, `to`),
    /// nodes and tasks by place from 0. O(moves).
    pub fn to_json(&self) -> String {
        let plan = self.plan();
        let said = json!({
            "nodes_used": plan.nodes_used,
            "lower_bound": plan.bound,
            "nodes_after": plan.nodes_after(),
            "cost": plan.cost,
            "freed": plan.freed,
            "moves": plan.moves,
        });
        said.to_string()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_problem_and_its_packing_are_read_and_written() {
        let text = r#"{"kinds": [{"capacity": [4, 8]}, {"capacity": [8, 8], "cost": 3, "count": 1}],
            "items": [{"choices": [[2, 2], [1, 4]], "demand": 2}, {"choices": [[9, 1]]}]}"#;
        let mut packer = Packer::new(Problem::from_json(text).unwrap(), 0);
        while packer.advance(10_000) {}
        let said: Value = serde_json::from_str(&packer.to_json()).unwrap();
        assert_eq!((&said["cost"], &said["lower_bound"]), (&json!(1), &json!(1)));
        assert_eq!((&said["optimal"], &said["unplaced"]), (&json!(true), &json!([1])));
        assert_eq!(said["bins"], json!([{ "kind": 0, "items": [[0, 0], [0, 0]] }]));
    }

    #[test]
    fn a_cluster_and_its_plan_are_read_and_written() {
        let text = r#"{"nodes": [{"capacity": [4]}, {"capacity": [4]}, {"capacity": [4]}],
            "tasks": [{"node": 0, "size": [3]}, {"node": 1, "size": [3]},
                      {"node": 2, "size": [1]}, {"node": 2, "size": [1], "move_cost": 4}]}"#;
        let mut search = Consolidator::new(Cluster::from_json(text).unwrap(), 0);
        while search.advance(10_000) {}
        let said: Value = serde_json::from_str(&search.to_json()).unwrap();
        let freed = json!([{ "node": 2, "after_moves": 2, "cost": 5 }]);
        assert_eq!((&said["freed"], &said["cost"]), (&freed, &json!(5)));
        assert_eq!((&said["nodes_after"], &said["lower_bound"]), (&json!(2), &json!(2)));
        assert_eq!(said["moves"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_such_text_is_named() {
        let refused = |text| Problem::from_json(text).unwrap_err().to_string();
        assert!(refused("[").starts_with("EOF while parsing"));
        assert!(refused(r#"{"kinds": []}"#).starts_with("missing field `items`"));
        let none = r#"{"kinds": [], "items": []}"#;
        assert_eq!(refused(none), "there are 0 kinds of bins; needs 1 to 65536");
        let odd = r#"{"kinds": [{"capacity": [1], "price": 2}], "items": []}"#;
        assert!(refused(odd).starts_with("unknown field `price`"));
        let refused = |text| Cluster::from_json(text).unwrap_err().to_string();
        let over = r#"{"nodes": [{"capacity": [1]}], "tasks": [{"node": 0, "size": [2]}]}"#;
        let says = "node 0 has 1 in dimension 0, less than the 2 of the tasks that run on it";
        assert_eq!(refused(over), says);
        assert!(refused(r#"{"nodes": 3}"#).starts_with("invalid type"));
    }
}
