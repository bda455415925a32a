//! CPU and memory as AWS lets people write them.

use core::fmt;

use alloc::string::String;

/// A size that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeError {
    /// `cpu` or `memory`.
    pub field: &'static str,
    /// What was written.
    pub value: String,
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = match self.field {
            "cpu" => "CPU units (\"256\") or vCPUs (\".25 vCPU\")",
            _ => "MiB (\"512\") or gigabytes (\"0.5GB\")",
        };
        write!(f, "invalid '{}' setting: {:?} is neither {wanted}", self.field, self.value)
    }
}

impl core::error::Error for SizeError {}

/// CPU units of `"256"`, `"1 vCPU"` or `".25 vcpu"`: 1 vCPU is 1,024.
///
/// Fractions of a unit are dropped (AWS does not say).
///
/// # Errors
/// The text is no such size.
pub fn parse_cpu(text: &str) -> Result<i64, SizeError> {
    parse(text, "vcpu").ok_or_else(|| SizeError { field: "cpu", value: text.into() })
}

/// MiB of `"512"`, `"1GB"` or `"0.5 gb"`: 1 GB is 1,024 MiB.
///
/// # Errors
/// The text is no such size.
pub fn parse_memory(text: &str) -> Result<i64, SizeError> {
    parse(text, "gb").ok_or_else(|| SizeError { field: "memory", value: text.into() })
}

/// A whole number, or a decimal one of 1,024 with a unit.
fn parse(text: &str, unit: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let split = text.len().checked_sub(unit.len()).filter(|at| text.is_char_boundary(*at))?;
    let (number, found) = text.split_at(split);
    found.eq_ignore_ascii_case(unit).then(|| decimal_times_1024(number.trim_end())).flatten()
}

/// `"0.25"` times 1,024, exactly; at most 9 digits on either side of the point.
fn decimal_times_1024(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number = |part: &str| if part.is_empty() { Ok(0) } else { part.parse::<i64>() };
    let scale = 10_i64.pow(u32::try_from(fraction.len()).ok()?);
    Some(number(whole).ok()? * 1024 + number(fraction).ok()? * 1024 / scale)
}

/// Serde's form of a size that may be a string or a number, and is written as a string.
#[cfg(feature = "serde")]
macro_rules! size_field {
    ($name:ident, $parse:ident, $expecting:literal) => {
        pub(super) mod $name {
            use alloc::string::ToString;
            use core::fmt;

            use serde::{Deserializer, Serializer, de};

            struct Size;

            impl<'de> de::Visitor<'de> for Size {
                type Value = Option<i64>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str($expecting)
                }

                fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                    super::$parse(text).map(Some).map_err(E::custom)
                }

                fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                    Ok(Some(number))
                }

                fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                    Ok(Some(i64::try_from(number).unwrap_or(i64::MAX)))
                }

                fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                    Ok(None)
                }

                fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
                    Ok(None)
                }

                fn visit_some<D: Deserializer<'de>>(self, de: D) -> Result<Self::Value, D::Error> {
                    de.deserialize_any(Self)
                }
            }

            pub(crate) fn serialize<S: Serializer>(
                size: &Option<i64>,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                match size {
                    Some(size) => to.serialize_some(&size.to_string()),
                    None => to.serialize_none(),
                }
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
                de: D,
            ) -> Result<Option<i64>, D::Error> {
                de.deserialize_option(Size)
            }
        }
    };
}

#[cfg(feature = "serde")]
size_field!(cpu, parse_cpu, "CPU units as a number or text, or text like \"1 vCPU\"");
#[cfg(feature = "serde")]
size_field!(memory, parse_memory, "MiB as a number or text, or text like \"1GB\"");
