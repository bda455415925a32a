//! The extension module `warmstow._warmstow`: converts, calls the core,
//! converts back. What people import is the Python package around it.

extern crate alloc;

mod actions;
mod arguments;
mod async_queue;
mod autoscale;
mod backlog;
mod consolidate;
mod ecs;
mod errors;
mod explanation;
mod front_end;
mod gpu;
mod handles;
mod keeper;
mod pack;
mod polled_source;
mod region;
mod replay;
mod report;
mod search;
mod settings;
mod simulate;
mod tenants;
mod versions;
mod view;

/// Python aligns its objects to 16 bytes, whatever a class needs.
macro_rules! fits_python {
    ($($class:ty),+ $(,)?) => {
        const _: () = { $(assert!(align_of::<$class>() <= 16, stringify!($class));)+ };
    };
}

fits_python!(
    async_queue::AsyncQueue,
    autoscale::Scaler,
    backlog::Backlog,
    consolidate::Consolidator,
    ecs::Ecs,
    front_end::FrontEnd,
    keeper::Keeper,
    pack::Packer,
    polled_source::PolledSource,
    region::Region,
    replay::Replay,
    tenants::TenantFunction,
    versions::VersionedFunction,
    view::View,
);

/// The extension behind the package `warmstow`.
#[pyo3::pymodule]
mod _warmstow {
    use pyo3::prelude::*;
    use warmstow_core::sim::{PoissonSpec, Trace};

    use crate::errors;

    #[pymodule_export]
    use crate::actions::{Action, Prestart};
    #[pymodule_export]
    use crate::async_queue::{AsyncAction, AsyncQueue};
    #[pymodule_export]
    use crate::autoscale::{Decision, Scaler};
    #[pymodule_export]
    use crate::backlog::{Backlog, BacklogAction};
    #[pymodule_export]
    use crate::consolidate::Consolidator;
    #[pymodule_export]
    use crate::ecs::{Ecs, ecs_operations};
    #[pymodule_export]
    use crate::front_end::FrontEnd;
    #[pymodule_export]
    use crate::gpu::place_gpu;
    #[pymodule_export]
    use crate::handles::{Alias, Counters, Function, Instance, Invocation, Lease, Node};
    #[pymodule_export]
    use crate::keeper::Keeper;
    #[pymodule_export]
    use crate::pack::{
        Packer, check_constraint, check_strategies, nodes_that_match, place_instances, place_tasks,
    };
    #[pymodule_export]
    use crate::polled_source::PolledSource;
    #[pymodule_export]
    use crate::region::Region;
    #[pymodule_export]
    use crate::replay::Replay;
    #[pymodule_export]
    use crate::settings::read_settings;
    #[pymodule_export]
    use crate::simulate::simulate_text;
    #[pymodule_export]
    use crate::tenants::TenantFunction;
    #[pymodule_export]
    use crate::versions::{FunctionMetrics, Provisioned, VersionedFunction};
    #[pymodule_export]
    use crate::view::{Hold, Placement, Preemption, View, ViewNode, ViewNodeState, ViewRequest};

    /// Version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// The most requests of one replay.
    #[pymodule_export]
    const MAX_REQUESTS: usize = Trace::MAX_REQUESTS;

    /// Names of the policies of `place_gpu`.
    #[pymodule_export]
    const GPU_POLICIES: [&str; crate::gpu::POLICIES.len()] = crate::gpu::POLICIES;

    /// Raise `ConfigError` unless the text is a distribution; its mean, s.
    #[pyfunction]
    fn check_distribution(text: &str) -> PyResult<f64> {
        let distribution: warmstow_core::sim::Distribution =
            text.parse().map_err(errors::config)?;
        Ok(distribution.mean_s())
    }

    /// Raise `ConfigError` unless the text is a keep-alive policy; its usual
    /// writing.
    #[pyfunction]
    fn check_keep_alive(text: &str) -> PyResult<String> {
        let policy: warmstow_core::function::keep_alive::KeepAlivePolicy = text
            .parse()
            .map_err(|error| errors::config(format!("keep_alive is {text:?}: {error}")))?;
        Ok(policy.to_string())
    }

    /// The rate, warm and cold distribution, and duration of a `poisson:` text.
    #[pyfunction]
    fn parse_poisson(text: &str) -> PyResult<(f64, String, Option<String>, f64)> {
        let spec: PoissonSpec = text.parse().map_err(errors::config)?;
        let cold = spec.cold.map(|cold| cold.to_string());
        Ok((spec.rate_per_s, spec.warm.to_string(), cold, spec.duration_s))
    }
}
