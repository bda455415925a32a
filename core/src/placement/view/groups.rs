//! Task groups by number, as long as something names them.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The names of groups, each with the number of its users.
#[derive(Debug)]
pub(super) struct Groups {
    numbers: BTreeMap<Box<str>, u32>,
    names: Vec<(Box<str>, u32)>,
    free: Vec<u32>,
}

impl Groups {
    pub(super) const fn new() -> Self {
        Self { numbers: BTreeMap::new(), names: Vec::new(), free: Vec::new() }
    }

    /// The number of the group, for one user more.
    pub(super) fn join(&mut self, name: &str) -> u32 {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => self.add(name),
        };
        self.join_number(number);
        number
    }

    /// One user more of a group that has users.
    pub(super) fn join_number(&mut self, number: u32) {
        if let Some((_, users)) = self.names.get_mut(number as usize) {
            *users += 1;
        }
    }

    fn add(&mut self, name: &str) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.names.push(Default::default());
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(entry) = self.names.get_mut(number as usize) {
            *entry = (name.into(), 0);
        }
        self.numbers.insert(name.into(), number);
        number
    }

    /// One user less; a group without users is forgotten.
    pub(super) fn leave(&mut self, number: u32) {
        let Some((name, users)) = self.names.get_mut(number as usize) else { return };
        *users = users.saturating_sub(1);
        if *users == 0 {
            self.numbers.remove(name);
            self.free.push(number);
        }
    }

    pub(super) fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |(name, _)| name)
    }

    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_one_number_until_its_last_user_leaves() {
        let mut groups = Groups::new();
        let (a, b) = (groups.join("a"), groups.join("b"));
        assert_ne!(a, b);
        assert_eq!(groups.join("a"), a);
        groups.leave(a);
        assert_eq!((groups.number("a"), groups.name(a)), (Some(a), "a"));
        groups.leave(a);
        assert_eq!(groups.number("a"), None);
        assert_eq!(groups.join("c"), a);
        assert_eq!(groups.name(a), "c");
    }
}
