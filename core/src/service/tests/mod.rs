//! The parts of a service, each as a specification; the whole is in
//! `core/tests/properties_service.rs`.

mod bounds;
mod choice;
mod failures;
mod health;
mod life;
mod moves;
mod on_cluster;
mod rolling;
mod verdict;
mod zones_on_cluster;
