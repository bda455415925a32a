//! Whether an expression holds for a node.

use super::ast::{Expression, Node, Subject, Test};
use super::value::{Version, decimal};

/// What an expression can ask about a container instance.
pub trait Member {
    /// Whether its agent is connected.
    fn agent_connected(&self) -> bool;
    /// The version of its agent, where that is known.
    fn agent_version(&self) -> Option<&Version>;
    /// Its EC2 instance.
    fn ec2_instance_id(&self) -> Option<&str>;
    /// When it was registered, in seconds since 1970-01-01T00:00:00Z.
    fn registered_at_unix_s(&self) -> Option<i64>;
    /// The value of its attribute of that name: `None` where it has no such
    /// attribute, empty where the attribute has no value.
    fn attribute(&self, name: &str) -> Option<&str>;
    /// Its tasks in status RUNNING.
    fn running_tasks(&self) -> u32;
    /// Whether the group of one of its tasks is such.
    fn any_group(&self, is_such: &mut dyn FnMut(&str) -> bool) -> bool;
}

impl Expression {
    /// Whether it holds for `member`. O(text) plus the matching of patterns,
    /// which is linear in pattern times value.
    ///
    /// Where the guide is silent: a test of a value that is not there (an
    /// attribute that the instance lacks, an unknown version or date) fails,
    /// and so its negation (`!=`, `not_in`, `!~`) holds. An attribute without a
    /// value is like one with an empty value. Attributes compare as numbers
    /// where both sides are decimal numbers and otherwise by their bytes; `==`
    /// compares text. `task:group == G` holds where some task of group G runs or is
    /// placed there, `task:group != G` where none does. A pattern has to match
    /// the whole value, as `String.matches` does in Java.
    ///
    /// ```
    /// use warmstow_core::placement::constraint::Expression;
    /// use warmstow_core::placement::view::NodeInfo;
    ///
    /// let node = NodeInfo::new(2_048, 7_985).zone("us-east-1a").attribute("stack", "prod");
    /// let holds = |text| Expression::parse(text).unwrap().holds(&node);
    /// assert!(holds("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]"));
    /// assert!(!holds("attribute:stack == prod and attribute:gpu exists"));
    /// ```
    pub fn holds(&self, member: &impl Member) -> bool {
        self.read.root.holds(member)
    }
}

impl Node {
    pub(super) fn holds(&self, member: &impl Member) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.holds(member)),
            Self::And(parts) => parts.iter().all(|part| part.holds(member)),
            Self::Not(part) => !part.holds(member),
            Self::Test(subject, test) => test.passes(subject, member),
        }
    }
}

impl Test {
    fn passes(&self, subject: &Subject, member: &impl Member) -> bool {
        match subject {
            Subject::AgentConnected => self.of_boolean(member.agent_connected()),
            Subject::AgentVersion => match self {
                Self::Version(relation, than) => {
                    member.agent_version().is_some_and(|version| relation.holds(version, than))
                }
                _ => false,
            },
            Subject::RegisteredAt => match self {
                Self::Date(relation, than) => {
                    member.registered_at_unix_s().is_some_and(|at| relation.holds(&at, than))
                }
                _ => false,
            },
            Subject::RunningTasksCount => match self {
                Self::Number(relation, than) => {
                    relation.holds(&u64::from(member.running_tasks()), than)
                }
                _ => false,
            },
            Subject::Ec2InstanceId => member.ec2_instance_id().is_some_and(|id| self.of_text(id)),
            Subject::Attribute(name) => {
                member.attribute(name).is_some_and(|value| self.of_text(value))
            }
            Subject::TaskGroup => member.any_group(&mut |group| self.of_text(group)),
        }
    }

    fn of_boolean(&self, value: bool) -> bool {
        match self {
            Self::Boolean(wanted) => value == *wanted,
            _ => self.of_text(if value { "true" } else { "false" }),
        }
    }

    fn of_text(&self, value: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Text(relation, than) => match (decimal(value), decimal(than)) {
                (Some(value), Some(than)) if relation.is_order() => relation.holds(&value, &than),
                _ => relation.holds(value, &**than),
            },
            Self::In(values) => values.iter().any(|one| **one == *value),
            Self::Matches(pattern) => pattern.is_match(value.as_bytes()),
            _ => false,
        }
    }
}
