//! The core's errors as the exceptions of `warmstow.errors`.

use alloc::collections::BTreeMap;
use core::fmt::Display;

use pyo3::PyErr;
use warmstow_core::function::{
    InstanceError, InvokeError, LeaseError, SettingError, UnknownFunction,
};

use crate::view::ViewNode;

mod python {
    //! The classes, imported from Python when first raised.

    pyo3::import_exception!(warmstow.errors, ApiError);
    pyo3::import_exception!(warmstow.errors, ConfigError);
    pyo3::import_exception!(warmstow.errors, ExhaustedError);
    pyo3::import_exception!(warmstow.errors, StaleHandleError);
    pyo3::import_exception!(warmstow.errors, ThrottledError);
    pyo3::import_exception!(warmstow.errors, UnplacedError);
    pyo3::import_exception!(warmstow.errors, WarmstowError);
}

/// A refused call of Amazon ECS.
pub(crate) fn api(error: warmstow_core::service::api::ApiError) -> PyErr {
    python::ApiError::new_err((error.message, error.code))
}

/// A setting that cannot hold.
pub(crate) fn config(error: impl Display) -> PyErr {
    python::ConfigError::new_err(error.to_string())
}

/// A call that came too early or too late.
pub(crate) fn state(error: impl Display) -> PyErr {
    python::WarmstowError::new_err(error.to_string())
}

/// A handle that names nothing.
pub(crate) fn stale(error: impl Display) -> PyErr {
    python::StaleHandleError::new_err(error.to_string())
}

/// A function's handle from another region.
pub(crate) fn unknown(error: UnknownFunction) -> PyErr {
    stale(error)
}

/// A refused invocation.
pub(crate) fn invoke(error: InvokeError) -> PyErr {
    let (message, reason) = (error.to_string(), error.reason());
    match error {
        InvokeError::UnknownFunction(error) => stale(error),
        InvokeError::UnknownAlias { .. } => stale(message),
        InvokeError::Throttled(_) | InvokeError::ScalingRate { .. } => {
            python::ThrottledError::new_err((message, reason))
        }
        _ => python::ExhaustedError::new_err((message, reason)),
    }
}

/// Something that is full; `resource` says what.
pub(crate) fn exhausted(error: &dyn Display, resource: &'static str) -> PyErr {
    python::ExhaustedError::new_err((error.to_string(), resource))
}

/// A task that no node may take: the node that came closest, and why each does not.
pub(crate) fn unplaced(
    message: String,
    closest: Option<ViewNode>,
    reasons: BTreeMap<ViewNode, Vec<String>>,
) -> PyErr {
    python::UnplacedError::new_err((message, closest, reasons))
}

/// A lease whose bits were never one.
pub(crate) fn no_lease() -> PyErr {
    stale("stale lease: these bits are none")
}

/// A lease that cannot be used.
pub(crate) fn lease(error: LeaseError) -> PyErr {
    match error {
        LeaseError::Stale => stale(error),
        _ => state(error),
    }
}

/// An instance that cannot be acted on.
pub(crate) fn instance(error: InstanceError) -> PyErr {
    match error {
        InstanceError::Stale { .. } => stale(error),
        _ => state(error),
    }
}

/// A setting of a function that was not changed.
pub(crate) fn setting(error: SettingError) -> PyErr {
    match error {
        SettingError::UnknownFunction(error) => stale(error),
        _ => config(error),
    }
}
