//! A region as a settings file describes it, with what its functions want.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Display;

use super::error::{Problem, SettingsError};
use super::function::FunctionSettings;
use super::region::Settings;
use crate::function::{Control, Interfaces, Keeper, Qualifier, Region, VersionedFunction};
use crate::time::Instant;

/// A region with its nodes and functions.
#[derive(Debug)]
pub struct Built {
    /// What requests go through.
    pub region: Arc<Region>,
    /// Its settings.
    pub control: Control,
    /// Keeps the functions that have a policy; `None`: none has.
    pub keeper: Option<Keeper>,
    /// The functions with provisioned concurrency, in the order of the file: each
    /// as its version 1, which
    /// [`Control::function`] finds by its name. Their requests go through
    /// [`Region::invoke_version`]; what they want done is to be polled.
    pub versioned: Vec<VersionedFunction>,
    /// The network interfaces of the functions, for those that come later.
    pub interfaces: Interfaces,
}

impl Settings {
    /// Builds the region; policies and provisioned concurrency begin at `now`.
    ///
    /// # Errors
    ///
    /// What cannot be built of these values: a function larger than any node,
    /// reservations or provisioned concurrency that the account cannot give, more
    /// network interfaces than [`interface_limit`](Self::interface_limit); with its
    /// line and key.
    pub fn build(&self, now: Instant) -> Result<Built, SettingsError> {
        let refused = |line, key: String, error: &dyn Display| SettingsError {
            line,
            key,
            problem: Problem::Refused(error.to_string()),
        };
        let account =
            |error: &dyn Display| refused(self.account_line, "account".to_string(), error);
        let (region, mut control) = Region::new(self.region).map_err(|error| account(&error))?;
        for (place, (node, line)) in self.nodes.iter().zip(&self.node_lines).enumerate() {
            let added = control.add_node(*node);
            added.map_err(|error| refused(*line, alloc::format!("nodes[{place}]"), &error))?;
        }
        let interfaces = Interfaces::new(self.interface_limit);
        let versioned = Vec::new();
        let mut built = Built { region, control, keeper: None, versioned, interfaces };
        for function in &self.functions {
            self.add(now, function, &mut built)?;
        }
        Ok(built)
    }

    fn add(
        &self,
        now: Instant,
        function: &FunctionSettings,
        built: &mut Built,
    ) -> Result<(), SettingsError> {
        let FunctionSettings { name, spec, .. } = function;
        let Built { region, control, keeper, versioned, interfaces } = built;
        if let Some(network) = &function.network {
            let attached = interfaces.attach(network);
            attached.map_err(|error| function.refuse_at("network", &error))?;
        }
        let id = if function.provisioned_concurrency == 0 {
            control.add_function(name, *spec).map_err(|error| function.refuse_added(&error))?
        } else {
            let of = VersionedFunction::published(control, name, *spec, self.provisioning);
            let mut of = of.map_err(|error| function.refuse_added(&error))?;
            let wanted = function.provisioned_concurrency;
            let put = of.put_provisioned(now, control, Qualifier::Version(1), wanted);
            put.map_err(|error| function.refuse_at("provisioned_concurrency", &error))?;
            let id = of.latest();
            versioned.push(of);
            id
        };
        if let Some(policy) = function.keep_alive {
            let keeper = keeper.get_or_insert_with(|| Keeper::new(Arc::clone(region)));
            let set = keeper.set_policy(now, id, policy, function.cold_start);
            set.map_err(|error| function.refuse_at("keep_alive", &error))?;
        }
        Ok(())
    }
}
