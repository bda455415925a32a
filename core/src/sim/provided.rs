//! Provisioned concurrency in a replay: there when the observed time begins.
//!
//! A function with some is version 1 of a
//! [`VersionedFunction`](crate::function::VersionedFunction). Its provisioned
//! pool is one more function of the region, and one more entry here whose books
//! are those of the function that owns it. An instance that crashes is not
//! replaced: as at AWS its environment is reset, and the next request that comes
//! to it starts cold.

use alloc::vec::Vec;

use super::books::Books;
use super::config::SimError;
use super::flights::Instances;
use super::function::FunctionState;
use super::replay::REFUSED;
use crate::function::{Control, ProvisionedStatus, Qualifier, VersionAction};
use crate::id::{FunctionId, InstanceId, NodeId};
use crate::time::{Duration, Instant};

/// An instance that is there at the start.
pub(super) type Provided = (InstanceId, Option<NodeId>);

/// Provisions what the functions ask for, and adds an entry for each pool.
pub(super) fn provide(
    control: &mut Control,
    functions: &mut Vec<FunctionState>,
) -> Result<Vec<Provided>, SimError> {
    let mut provided = Vec::new();
    for owner in 0..functions.len() {
        if let Some(pool) = of_function(control, owner, functions, &mut provided)? {
            functions.push(pool);
        }
    }
    Ok(provided)
}

fn of_function(
    control: &mut Control,
    owner: usize,
    functions: &mut [FunctionState],
    provided: &mut Vec<Provided>,
) -> Result<Option<FunctionState>, SimError> {
    let (count, function) = (functions.len(), &mut functions[owner]);
    let Some(versioned) = &mut function.versioned else {
        return Ok(None);
    };
    let version = Qualifier::Version(1);
    let name = &function.config.name;
    let put =
        versioned.put_provisioned(Instant::ZERO, control, version, function.config.provisioned);
    put.map_err(|error| SimError::Provisioned { index: owner, name: name.clone(), error })?;
    while let Some(action) = versioned.poll_action() {
        let VersionAction::Start(prestart) = action else { continue };
        provided.push((prestart.instance, prestart.node));
        let prepared = versioned.handle_prepared(Instant::ZERO, control, prestart.lease);
        prepared.map_err(|_| REFUSED)?;
    }
    let view = versioned.provisioned(version).ok_or(REFUSED)?;
    if let ProvisionedStatus::Failed { reason } = view.status {
        return Err(SimError::NotProvided { index: owner, name: name.clone(), reason });
    }
    if view.pool.index() as usize != count {
        return Err(REFUSED);
    }
    function.books.prewarms += u64::from(view.available);
    Ok(Some(entry(function, view.pool, owner)))
}

/// The entry of a pool of `function`, which is at `owner`: it draws nothing and
/// has no books.
fn entry(function: &FunctionState, id: FunctionId, owner: usize) -> FunctionState {
    let mut config = function.config.clone();
    config.spec.keep_alive = Duration::MAX;
    config.keep_alive = None;
    FunctionState {
        id,
        owner,
        versioned: None,
        config,
        cold_start: function.cold_start,
        kept: false,
        keep_alive: Duration::MAX,
        timeout: function.timeout,
        resets: function.resets,
        cold_rng: function.cold_rng.clone(),
        crash_rng: function.crash_rng.clone(),
        instances: Instances::default(),
        last_stop: None,
        last_refusal: None,
        books: Books::default(),
    }
}
