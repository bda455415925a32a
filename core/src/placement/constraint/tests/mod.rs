//! Tests of the query language: grammar, errors and answers.

mod answers;
mod grammar;

use super::{Expression, ExpressionError, Fault, Member, Version};
use crate::placement::view::NodeInfo;

/// A node with tasks of these groups, each running.
struct Busy<'a> {
    info: NodeInfo,
    groups: &'a [&'a str],
}

impl Member for Busy<'_> {
    fn agent_connected(&self) -> bool {
        self.info.agent_connected
    }

    fn agent_version(&self) -> Option<&Version> {
        self.info.agent_version.as_ref()
    }

    fn ec2_instance_id(&self) -> Option<&str> {
        self.info.ec2_instance_id.as_deref()
    }

    fn registered_at_unix_s(&self) -> Option<i64> {
        self.info.registered_at_unix_s
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.info.attributes.get(name)
    }

    fn running_tasks(&self) -> u32 {
        u32::try_from(self.groups.len()).unwrap()
    }

    fn any_group(&self, is_such: &mut dyn FnMut(&str) -> bool) -> bool {
        self.groups.iter().any(|group| is_such(group))
    }
}

/// The node that these tests ask about.
fn node() -> Busy<'static> {
    let mut info = NodeInfo::new(2_048, 4_096)
        .zone("us-east-1a")
        .attribute("ecs.instance-type", "g2.2xlarge")
        .attribute("cores", "8")
        .attribute("flag", "")
        .agent_version("1.14.1")
        .ec2_instance_id("i-abcd1234")
        .registered_at_unix_s(1_529_360_908);
    info.agent_connected = false;
    Busy { info, groups: &["service:production", "family:batch"] }
}

#[track_caller]
fn holds(text: &str) -> bool {
    Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).holds(&node())
}

/// The position and the fault.
#[track_caller]
fn refused(text: &str) -> (usize, Fault) {
    let ExpressionError { at, fault } = Expression::parse(text).expect_err(text);
    (at, fault)
}
