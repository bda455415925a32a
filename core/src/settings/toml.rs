//! TOML as a tree, by the crate `toml`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::error::{Problem, SettingsError};
use super::tree::{Node, Value, line_of};

/// The tree of a TOML text.
pub(super) fn parse(text: &str) -> Result<Node, SettingsError> {
    let refused = |at: usize, what: String| SettingsError {
        line: line_of(text, at),
        key: String::new(),
        problem: Problem::Syntax(what),
    };
    let table = DeTable::parse(text).map_err(|error| {
        refused(error.span().map_or(0, |span| span.start), error.message().to_string())
    })?;
    let at = table.span().start;
    let value = of_table(table.into_inner()).map_err(|(at, what)| refused(at, what))?;
    Ok(Node { at, value })
}

type Refused = (usize, String);

fn of_table(table: DeTable<'_>) -> Result<Value, Refused> {
    let members = table.into_iter().map(|(key, value)| {
        // A key's own place: a value may begin lines below it.
        let node = Node { at: key.span().start, value: of_value(value)?.value };
        Ok((key.into_inner().into_owned(), node))
    });
    Ok(Value::Table(members.collect::<Result<_, _>>()?))
}

fn of_value(value: Spanned<DeValue<'_>>) -> Result<Node, Refused> {
    let at = value.span().start;
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Integer(of_integer(&number, at)?),
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(number) => Value::Float(number),
            Err(_) => return Err((at, "not a number".to_string())),
        },
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Datetime(_) => return Err((at, "no key takes a date".to_string())),
        DeValue::Array(list) => {
            Value::List(list.into_iter().map(of_value).collect::<Result<Vec<_>, _>>()?)
        }
        DeValue::Table(table) => of_table(table)?,
    };
    Ok(Node { at, value })
}

fn of_integer(number: &DeInteger<'_>, at: usize) -> Result<i128, Refused> {
    let digits = number.as_str();
    i128::from_str_radix(digits, number.radix())
        .map_err(|_| (at, alloc::format!("{digits} is too large a number")))
}
