//! How many tasks with a network interface of their own an instance type takes.

use alloc::string::String;
use core::fmt;

/// What is published, 479 types: those with a trunk from the Amazon ECS Developer
/// Guide, "Elastic network interface trunking" (`container-instance-eni.md` of
/// awsdocs/amazon-ecs-developer-guide, June 2023); of others that are common, t2, t3,
/// t3a, t4g, m4, c4 and r4, the interfaces of the Amazon EC2 User Guide, "Elastic
/// network interfaces", less one.
const PUBLISHED: &str = include_str!("eni_limits.csv");

/// The tasks with `awsvpc` that an instance type takes at once.
///
/// Without trunking these are its interfaces less the one it has itself; with
/// trunking AWS publishes a larger number for many types. Trunking holds for
/// instances registered after the account opted in (Amazon ECS Developer Guide,
/// "Elastic network interface trunking").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EniLimits {
    /// Tasks without trunking.
    pub without_trunking: u32,
    /// Tasks with trunking; `None` where the type has none.
    pub with_trunking: Option<u32>,
}

impl EniLimits {
    /// For an instance type that can have `interfaces` in all, and no trunk.
    pub const fn of_interfaces(interfaces: u32) -> Self {
        Self { without_trunking: interfaces.saturating_sub(1), with_trunking: None }
    }

    /// A row `instance_type,without,with` of a table such as AWS's: the type and
    /// its limits. An empty last field says that the type has no trunk.
    ///
    /// # Errors
    /// The row does not have these three fields.
    pub fn from_csv_row(row: &str) -> Result<(&str, Self), EniError> {
        let error = || EniError { row: row.into() };
        let mut fields = row.trim().split(',').map(str::trim);
        let mut next = || fields.next().ok_or_else(error);
        let (name, without, with) = (next()?, next()?, next()?);
        if name.is_empty() || fields.next().is_some() {
            return Err(error());
        }
        let number = |text: &str| text.parse::<u32>().map_err(|_| error());
        let with_trunking = if with.is_empty() { None } else { Some(number(with)?) };
        Ok((name, Self { without_trunking: number(without)?, with_trunking }))
    }

    /// Finds an instance type in a table of such rows; the first line may name the
    /// columns. O(rows).
    ///
    /// # Errors
    /// The row of that type is malformed.
    pub fn find(table: &str, instance_type: &str) -> Result<Option<Self>, EniError> {
        let is_it = |row: &&str| row.split(',').next().map(str::trim) == Some(instance_type);
        let row = table.lines().find(is_it);
        row.map(|row| Self::from_csv_row(row).map(|(_, limits)| limits)).transpose()
    }

    /// What AWS publishes of an instance type, `c5.large`; `None` of one that is not
    /// in the table. O(types).
    pub fn published(instance_type: &str) -> Option<Self> {
        Self::find(PUBLISHED, instance_type).ok().flatten()
    }

    /// The tasks at once, by whether the instance has a trunk.
    pub const fn tasks(self, trunking: bool) -> u32 {
        match self.with_trunking {
            Some(tasks) if trunking => tasks,
            _ => self.without_trunking,
        }
    }
}

/// A row that is not `instance_type,without,with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EniError {
    /// The row.
    pub row: String,
}

impl fmt::Display for EniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not instance_type,tasks_without_trunking,tasks_with_trunking", self.row)
    }
}

impl core::error::Error for EniError {}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const TABLE: &str = "instance_type,without,with\nc5.large,2,10\nt2.nano,1,\nm5.4xlarge,7,60\n";

    #[test]
    fn a_type_is_found_with_both_limits() {
        let limits = EniLimits::find(TABLE, "c5.large").unwrap().unwrap();
        assert_eq!((limits.tasks(false), limits.tasks(true)), (2, 10));
        assert_eq!(EniLimits::find(TABLE, "z9.huge"), Ok(None));
    }

    #[test]
    fn a_type_without_a_trunk_takes_as_many_with_trunking() {
        let limits = EniLimits::find(TABLE, "t2.nano").unwrap().unwrap();
        assert_eq!((limits.tasks(false), limits.tasks(true)), (1, 1));
        assert_eq!(EniLimits::of_interfaces(3).tasks(false), 2);
    }

    #[test]
    fn the_published_types_have_their_limits_once_each() {
        let tasks = |of| {
            let limits = EniLimits::published(of).unwrap();
            (limits.tasks(false), limits.tasks(true))
        };
        assert_eq!(tasks("c5.large"), (2, 10));
        assert_eq!(tasks("m5.4xlarge"), (7, 60));
        assert_eq!(tasks("t2.small"), (2, 2));
        assert_eq!(tasks("r4.16xlarge"), (14, 14));
        assert_eq!(EniLimits::published("instance_type"), None);
        assert_eq!(EniLimits::published("c5"), None);
        let rows = PUBLISHED.lines().skip(1).map(|row| EniLimits::from_csv_row(row).unwrap());
        let mut names: alloc::vec::Vec<_> = rows.map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!(names.len(), 479);
        names.dedup();
        assert_eq!(names.len(), 479);
    }

    #[test]
    fn a_malformed_row_is_named() {
        for row in ["c5.large,2", "c5.large,2,10,1", ",2,10", "c5.large,two,10"] {
            assert_eq!(EniLimits::from_csv_row(row), Err(EniError { row: row.into() }));
        }
    }
}
