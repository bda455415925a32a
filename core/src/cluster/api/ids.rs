//! Names, ARNs and the ids in them.

use alloc::format;
use alloc::string::String;

use crate::rng::splitmix64;

/// The last part of an ARN of that kind, or the name itself; empty is `default`.
pub(crate) fn short<'a>(name: &'a str, kind: &str) -> &'a str {
    if name.is_empty() {
        return "default";
    }
    match name.strip_prefix("arn:").and_then(|rest| rest.split_once(&format!(":{kind}/"))) {
        Some((_, name)) => name,
        None => name,
    }
}

/// 32 hexadecimal digits for a number: AWS's ids look like this. The second half is
/// the number, the first a mark of it and of the cluster, by which a foreign id is
/// refused.
pub(crate) fn hex(cluster: &str, number: u64) -> String {
    format!("{:016x}{number:016x}", mark(cluster, number))
}

/// The number of an id or of an ARN that ends in one.
pub(crate) fn number(cluster: &str, id: &str) -> Option<u64> {
    let id = id.rsplit('/').next()?;
    if id.len() != 32 || !id.is_ascii() {
        return None;
    }
    let (first, second) = id.split_at(16);
    let number = u64::from_str_radix(second, 16).ok()?;
    let found = u64::from_str_radix(first, 16).ok()?;
    (found == mark(cluster, number)).then_some(number)
}

fn mark(cluster: &str, number: u64) -> u64 {
    let mut state = number;
    for byte in cluster.bytes() {
        state = state.rotate_left(8) ^ u64::from(byte);
        state = splitmix64(&mut state);
    }
    splitmix64(&mut state)
}

/// `RunTask` of `run-task`.
pub(crate) fn pascal(operation: &str) -> String {
    let mut name = String::new();
    for part in operation.split('-') {
        let mut rest = part.chars();
        if let Some(first) = rest.next() {
            name.push(first.to_ascii_uppercase());
            name.push_str(rest.as_str());
        }
    }
    name
}
