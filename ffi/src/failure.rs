//! What can be wrong with a call: its status and its message.
//!
//! Refusals and stale leases happen on the data plane, so a [`Failure`] is a
//! plain copy that becomes text only when the host asks for it.

use core::fmt;

use warmstow_core::function::{InstanceError, InvokeError, LeaseError, UnknownFunction};

use crate::boundary::Count;
use crate::registry::MAX_REGIONS;
use crate::status::warmstow_status as S;

/// Why a call does not answer OK.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// None yet.
    None,
    Null {
        argument: &'static str,
    },
    Misaligned {
        argument: &'static str,
    },
    /// Of a struct that the host filled.
    StructSize {
        argument: &'static str,
        given: u32,
        known: usize,
    },
    /// Of a struct that the library is to fill.
    ResultSize {
        argument: &'static str,
        given: u64,
        known: usize,
    },
    Length {
        count: Count,
        least: usize,
        most: usize,
    },
    Unterminated {
        argument: &'static str,
        most: usize,
    },
    Text {
        argument: &'static str,
        at: usize,
    },
    Panic,
    Poisoned,
    StaleRegion {
        bits: u64,
    },
    RegionsFull,
    StaleNode {
        bits: u64,
    },
    StaleFunction {
        bits: u64,
    },
    StaleVersioned {
        bits: u64,
    },
    StaleAlias {
        bits: u64,
    },
    StalePrestart,
    UnknownName,
    Invoke(InvokeError),
    Lease(LeaseError),
    Instance(InstanceError),
    StaleInstance {
        bits: [u64; 2],
    },
    /// The message was written when it happened.
    Written(S),
}

impl Failure {
    pub(crate) const fn status(&self) -> S {
        match self {
            Self::None => S::WARMSTOW_OK,
            Self::Null { .. } => S::WARMSTOW_ERROR_NULL,
            Self::Misaligned { .. } => S::WARMSTOW_ERROR_MISALIGNED,
            Self::StructSize { .. } | Self::ResultSize { .. } => S::WARMSTOW_ERROR_STRUCT_SIZE,
            Self::Length { .. } | Self::Unterminated { .. } => S::WARMSTOW_ERROR_LENGTH,
            Self::Text { .. } => S::WARMSTOW_ERROR_TEXT,
            Self::Panic => S::WARMSTOW_ERROR_PANIC,
            Self::Poisoned => S::WARMSTOW_ERROR_POISONED,
            Self::StaleRegion { .. } => S::WARMSTOW_ERROR_REGION_STALE,
            Self::RegionsFull => S::WARMSTOW_ERROR_REGIONS_FULL,
            Self::StaleNode { .. } => S::WARMSTOW_ERROR_NODE_STALE,
            Self::StaleFunction { .. } => S::WARMSTOW_ERROR_FUNCTION_STALE,
            Self::StaleVersioned { .. } => S::WARMSTOW_ERROR_VERSIONED_STALE,
            Self::StaleAlias { .. } => S::WARMSTOW_ERROR_ALIAS_STALE,
            Self::StalePrestart => S::WARMSTOW_ERROR_PRESTART_STALE,
            Self::UnknownName => S::WARMSTOW_ERROR_NAME_UNKNOWN,
            Self::Invoke(error) => match error {
                InvokeError::Throttled(_) | InvokeError::ScalingRate { .. } => {
                    S::WARMSTOW_ERROR_THROTTLED
                }
                InvokeError::InstanceLimit { .. } => S::WARMSTOW_ERROR_INSTANCE_LIMIT,
                InvokeError::NoCapacity(_) => S::WARMSTOW_ERROR_NO_CAPACITY,
                InvokeError::UnknownAlias { .. } => S::WARMSTOW_ERROR_ALIAS_STALE,
                _ => S::WARMSTOW_ERROR_FUNCTION_STALE,
            },
            Self::Lease(error) => match error {
                LeaseError::NotStarted => S::WARMSTOW_ERROR_NOT_STARTED,
                LeaseError::AlreadyStarted => S::WARMSTOW_ERROR_ALREADY_STARTED,
                _ => S::WARMSTOW_ERROR_LEASE_STALE,
            },
            Self::Instance(error) => match error {
                InstanceError::NotStopping { .. } => S::WARMSTOW_ERROR_NOT_STOPPING,
                _ => S::WARMSTOW_ERROR_INSTANCE_STALE,
            },
            Self::StaleInstance { .. } => S::WARMSTOW_ERROR_INSTANCE_STALE,
            Self::Written(status) => *status,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::None | Self::Written(_) => Ok(()),
            Self::Null { argument } => write!(f, "{argument} is NULL"),
            Self::Misaligned { argument } => write!(f, "{argument} is not aligned for its type"),
            Self::StructSize { argument, given, known } => write!(
                f,
                "{argument}.struct_size is {given}: this library knows {known} bytes; set it to \
                 the struct's sizeof, as its default function does where it has one"
            ),
            Self::ResultSize { argument, given, known } => write!(
                f,
                "struct_size is {given}: this library knows {known} bytes; pass sizeof *{argument}"
            ),
            Self::Length { count, least, most } => {
                write!(f, "{} is {}: it must be {least} to {most}", count.name, count.given)
            }
            Self::Unterminated { argument, most } => {
                write!(f, "{argument} does not end within {most} bytes")
            }
            Self::Text { argument, at } => write!(f, "{argument} is not UTF-8 from byte {at} on"),
            Self::Panic => f.write_str("a bug in warmstow stopped the call"),
            Self::Poisoned => {
                f.write_str("a bug in warmstow stopped an earlier call of this region: close it")
            }
            Self::StaleRegion { bits } => {
                write!(f, "{bits:#018x} is no open region: null, closed, or never given out")
            }
            Self::RegionsFull => {
                write!(f, "one open region more than the {MAX_REGIONS} there can be")
            }
            Self::StaleNode { bits } => write!(f, "{bits:#018x} is no node of this region"),
            Self::StaleFunction { bits } => {
                write!(f, "{bits:#018x} is no function of this region")
            }
            Self::StaleVersioned { bits } => {
                write!(f, "{bits:#018x} is no function with versions of this region")
            }
            Self::StaleAlias { bits } => write!(f, "{bits:#018x} is no alias of this region"),
            Self::StalePrestart => f.write_str(
                "stale prestart: it was reported before, is no start ahead, or is of another region",
            ),
            Self::UnknownName => f.write_str("the region has no function of that name"),
            Self::Invoke(error) => error.fmt(f),
            Self::Lease(error) => error.fmt(f),
            Self::Instance(error) => error.fmt(f),
            Self::StaleInstance { bits } => {
                write!(f, "{:#018x} {:#018x} is no instance of this region", bits[0], bits[1])
            }
        }
    }
}

impl From<UnknownFunction> for Failure {
    fn from(error: UnknownFunction) -> Self {
        Self::StaleFunction { bits: error.function.to_bits() }
    }
}

impl From<InvokeError> for Failure {
    fn from(error: InvokeError) -> Self {
        Self::Invoke(error)
    }
}

impl From<LeaseError> for Failure {
    fn from(error: LeaseError) -> Self {
        Self::Lease(error)
    }
}

impl From<InstanceError> for Failure {
    fn from(error: InstanceError) -> Self {
        Self::Instance(error)
    }
}
