//! What is used costs: meters of what is billed and dated price tables.
//!
//! Functions by request and duration ([`Meter`], [`Provisioned`]), tasks by the
//! second ([`FargateMeter`]), instances by the hour ([`InstanceMeter`]), and
//! `compare` for the same load on each of the latter two. Meters add whole
//! nanoseconds and MiB, so their sums are exact and do not depend on the order
//! of what is added. Prices are plain numbers with the day and the page they
//! come from: replace them with your own.

#[cfg(feature = "alloc")]
mod compare;
mod fargate;
mod instances;
mod meter;
mod prices;
mod provisioned;

#[cfg(feature = "alloc")]
pub use compare::{Launch, LaunchOption, LoadStep, compare};
pub use fargate::{BadPrice, FargateCost, FargateMeter, FargatePrices, TaskSize};
pub use instances::{
    INSTANCE_PRICES_AS_OF, INSTANCE_PRICES_SOURCE, INSTANCE_TYPES, InstanceMeter, InstanceType,
    NoPrice, Purchase,
};
pub use meter::{Cost, Meter};
pub use prices::{Architecture, PriceError, PriceTable, Rate, UnknownArchitecture};
pub use provisioned::Provisioned;
