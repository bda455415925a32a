//! JSON as a tree, by the crate `serde_json`.
//!
//! Each level is read as slices of the text ([`RawValue`]), whose addresses
//! tell where they stand: serde keeps no places.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{Problem, SettingsError};
use super::tree::{Node, Value, line_of};

/// Objects and lists within each other; settings need five.
const MAX_DEPTH: u32 = 16;

/// The tree of a JSON text.
pub(super) fn parse(text: &str) -> Result<Node, SettingsError> {
    let refused = |line, what: String| SettingsError {
        line,
        key: String::new(),
        problem: Problem::Syntax(what),
    };
    let raw: &RawValue = serde_json::from_str(text)
        .map_err(|error| refused(line_number(error.line()), error.to_string()))?;
    let place = |slice: &str| slice.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    of_raw(raw, &place, 0).map_err(|(at, what)| refused(line_of(text, at), what))
}

fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

type Refused = (usize, String);

fn of_raw(raw: &RawValue, place: &impl Fn(&str) -> usize, depth: u32) -> Result<Node, Refused> {
    let text = raw.get();
    let at = place(text);
    let wrong = |error: serde_json::Error| (at, error.to_string());
    if depth > MAX_DEPTH {
        return Err((at, alloc::format!("nested deeper than {MAX_DEPTH}")));
    }
    let value = match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(wrong)?;
            let members =
                members.into_iter().map(|(key, raw)| Ok((key, of_raw(raw, place, depth + 1)?)));
            Value::Table(members.collect::<Result<_, _>>()?)
        }
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
            let list = list.into_iter().map(|raw| of_raw(raw, place, depth + 1));
            Value::List(list.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Value::Text(serde_json::from_str(text).map_err(wrong)?),
        Some(b't' | b'f') => Value::Boolean(text == "true"),
        Some(b'n') => return Err((at, "null: leave the key out".to_string())),
        _ => match text.parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Float(serde_json::from_str(text).map_err(wrong)?),
        },
    };
    Ok(Node { at, value })
}

/// The members of an object, in their order, a repeated key as often as it is
/// there.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
