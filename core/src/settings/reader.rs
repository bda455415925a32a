//! A table's keys, each read once, of its type and in its range; what is left
//! over is not known.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::error::{Problem, SettingsError};
use super::tree::{Node, Value, line_of};
use crate::time::Duration;

/// A value, with what an error at it would say.
pub(crate) struct Entry<'a> {
    text: &'a str,
    key: String,
    node: Node,
}

/// A table that is being read.
pub(crate) struct Table<'a> {
    text: &'a str,
    key: String,
    at: usize,
    members: Vec<(String, Node)>,
    known: &'static [&'static str],
}

impl<'a> Entry<'a> {
    /// The whole file.
    pub(super) const fn whole(text: &'a str, node: Node) -> Self {
        Self { text, key: String::new(), node }
    }

    /// The same place without its value.
    pub(crate) fn here(&self) -> Self {
        let node = Node { at: self.node.at, value: Value::Boolean(false) };
        Self { text: self.text, key: self.key.clone(), node }
    }

    pub(crate) fn refuse(&self, problem: Problem) -> SettingsError {
        SettingsError { line: self.line(), key: self.key.clone(), problem }
    }

    pub(crate) fn line(&self) -> u32 {
        line_of(self.text, self.node.at)
    }

    fn expected(&self, expected: &'static str) -> SettingsError {
        self.refuse(Problem::Type { found: self.node.value.kind(), expected })
    }

    /// The table that it is, of keys `known`.
    pub(crate) fn table(self, known: &'static [&'static str]) -> Result<Table<'a>, SettingsError> {
        let table = self.members()?;
        for (key, node) in &table.members {
            if !known.contains(&key.as_str()) {
                return Err(table.entry(key, node.clone()).refuse(Problem::UnknownKey { known }));
            }
        }
        Ok(Table { known, ..table })
    }

    /// The entries of a table whose keys are names.
    pub(crate) fn named(self) -> Result<Vec<(String, Self)>, SettingsError> {
        let table = self.members()?;
        let entry = |(key, node): &(String, Node)| (key.clone(), table.entry(key, node.clone()));
        Ok(table.members.iter().map(entry).collect())
    }

    fn members(self) -> Result<Table<'a>, SettingsError> {
        let Value::Table(members) = self.node.value else { return Err(self.expected("a table")) };
        let table = Table { text: self.text, key: self.key, at: self.node.at, members, known: &[] };
        for (place, (key, node)) in table.members.iter().enumerate() {
            if table.members[..place].iter().any(|(other, _)| other == key) {
                return Err(table.entry(key, node.clone()).refuse(Problem::Repeated));
            }
        }
        Ok(table)
    }

    /// The elements of the list that it is.
    pub(crate) fn list(self) -> Result<Vec<Self>, SettingsError> {
        let Value::List(list) = self.node.value else { return Err(self.expected("a list")) };
        let element = |(place, node)| {
            let key = alloc::format!("{}[{place}]", self.key);
            Self { text: self.text, key, node }
        };
        Ok(list.into_iter().enumerate().map(element).collect())
    }

    pub(crate) fn text(&self) -> Result<&str, SettingsError> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.expected("a text")),
        }
    }

    pub(crate) fn boolean(&self) -> Result<bool, SettingsError> {
        match self.node.value {
            Value::Boolean(value) => Ok(value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number of `least` to `most`.
    pub(crate) fn whole_number(&self, least: u64, most: u64) -> Result<u64, SettingsError> {
        let Value::Integer(value) = self.node.value else {
            return Err(self.expected("a whole number"));
        };
        match u64::try_from(value) {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(self.refuse(Problem::Range { value: value.to_string(), least, most })),
        }
    }

    /// Seconds, whole or not, of 0 to `most`, to the nanosecond below.
    pub(crate) fn seconds(&self, most: u64) -> Result<Duration, SettingsError> {
        match self.node.value {
            Value::Float(_) => Ok(Duration::from_secs_f64(self.number(0, most)?)),
            _ => Ok(Duration::from_secs(self.whole_number(0, most)?)),
        }
    }

    /// A number, whole or not, of `least` to `most`.
    pub(crate) fn number(&self, least: u64, most: u64) -> Result<f64, SettingsError> {
        let number = match self.node.value {
            Value::Float(number) => number,
            Value::Integer(number) => number as f64,
            _ => return Err(self.expected("a number")),
        };
        // Not a number is in no range.
        if (least as f64..=most as f64).contains(&number) {
            Ok(number)
        } else {
            Err(self.refuse(Problem::Range { value: number.to_string(), least, most }))
        }
    }

    /// A number, whole or not, at most so far from 0.
    #[cfg(feature = "sim")]
    pub(crate) fn signed(&self, most: u64) -> Result<f64, SettingsError> {
        let number = match self.node.value {
            Value::Float(number) => number,
            Value::Integer(number) => number as f64,
            _ => return Err(self.expected("a number")),
        };
        if number.abs() <= most as f64 {
            return Ok(number);
        }
        Err(self.refuse(Problem::Refused(alloc::format!("is {number}, outside -{most} to {most}"))))
    }

    /// A whole number, at most so far from 0.
    #[cfg(feature = "sim")]
    pub(crate) fn signed_whole(&self, most: u32) -> Result<i32, SettingsError> {
        let Value::Integer(number) = self.node.value else {
            return Err(self.expected("a whole number"));
        };
        let near = number.unsigned_abs() <= most.into();
        let near = near.then(|| i32::try_from(number).ok()).flatten();
        let what = || alloc::format!("is {number}, outside -{most} to {most}");
        near.ok_or_else(|| self.refuse(Problem::Refused(what())))
    }

    /// The word that it is, by a table of words.
    pub(crate) fn word<T: Copy>(
        &self,
        known: &'static [&'static str],
        values: &[T],
    ) -> Result<T, SettingsError> {
        let value = self.text()?;
        let place = known.iter().position(|word| *word == value);
        place
            .and_then(|place| values.get(place))
            .copied()
            .ok_or_else(|| self.refuse(Problem::Word { value: value.to_owned(), known }))
    }
}

impl<'a> Table<'a> {
    fn entry(&self, key: &str, node: Node) -> Entry<'a> {
        let dot = if self.key.is_empty() { "" } else { "." };
        Entry { text: self.text, key: alloc::format!("{}{dot}{key}", self.key), node }
    }

    /// Where the value of `key` is, if it is there.
    pub(crate) fn place(&self, key: &str) -> Option<Entry<'a>> {
        let (key, node) = self.members.iter().find(|(other, _)| other == key)?;
        Some(self.entry(key, node.clone()).here())
    }

    /// Whether `key` is there, and not yet taken.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.members.iter().any(|(other, _)| other == key)
    }

    /// The value of `key`, if it is there.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Entry<'a>> {
        debug_assert!(self.known.contains(&key), "{key} is not listed");
        let place = self.members.iter().position(|(other, _)| other == key)?;
        let (key, node) = self.members.swap_remove(place);
        Some(self.entry(&key, node))
    }

    /// The value of `key`, which must be there.
    pub(crate) fn need(&mut self, key: &'static str) -> Result<Entry<'a>, SettingsError> {
        match self.take(key) {
            Some(entry) => Ok(entry),
            None => {
                let table = Node { at: self.at, value: Value::Boolean(false) };
                Err(self.entry(key, table).refuse(Problem::Missing))
            }
        }
    }

    /// The value of `key`, of which `read` makes a `T`, or `default`.
    pub(crate) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&Entry<'a>) -> Result<T, SettingsError>,
    ) -> Result<T, SettingsError> {
        self.take(key).map_or(Ok(default), |entry| read(&entry))
    }

    /// A whole number up to `u32::MAX`, or `default`.
    #[expect(clippy::cast_possible_truncation, reason = "in range by then")]
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        least: u32,
        most: u32,
        default: u32,
    ) -> Result<u32, SettingsError> {
        let read = |entry: &Entry<'_>| entry.whole_number(least.into(), most.into());
        Ok(self.or(key, default.into(), read)? as u32)
    }
}
