//! Durations as seconds in data: `300` or `0.5`, not nanoseconds.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::time::Duration;

pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(value.as_secs_f64())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(from)?;
    // A million years is beyond what an instant holds.
    if (0.0..1e10).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(D::Error::custom(format_args!("{seconds} s: must be 0 to below 10^10")))
    }
}
