//! Tests of admission: AWS's rules, stress, and loom models.

#[cfg(not(loom))]
mod rate;
#[cfg(not(loom))]
mod rules;
#[cfg(not(loom))]
mod stress;

#[cfg(loom)]
mod loom_admission;
#[cfg(loom)]
mod loom_broken;
#[cfg(loom)]
mod loom_parking;
#[cfg(loom)]
mod loom_rate;
#[cfg(loom)]
mod loom_surplus;
#[cfg(loom)]
mod loom_switch;
#[cfg(loom)]
mod world;
