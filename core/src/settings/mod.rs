//! A region written as one file, in TOML or JSON, for every surface alike.
//!
//! ```toml
//! [account]
//! concurrency_limit = 1000         # requests in flight over all functions
//! unreserved_minimum = 100         # what reservations must leave of it
//! requests_per_concurrency = 10    # requests a second for each unit; 0: no such limit
//! scaling_rate = "lambda"          # unlimited, lambda, lambda-2019:BURST,
//!                                  # function:COUNT/SECONDS, region:COUNT/SECONDS
//! provisioning = "lambda"          # how provisioned concurrency is prepared;
//!                                  # or lambda-2022, at-once
//! interface_limit = 250            # network interfaces: one for each subnet and set of
//!                                  # security groups of the functions' own networks
//!
//! [region]
//! strategy = "binpack:memory"      # which node a new instance goes to
//! seed = 0                         # what strategy "random" draws from
//! lanes = 16                       # threads that invoke at the same time
//!
//! [[nodes]]                        # none: instances take no room
//! cpu_units = 4096                 # 1,024 a vCPU
//! memory_mib = 8192
//! zone = 0
//! count = 2                        # so many alike
//!
//! [functions.resize]
//! memory_mib = 512
//! cpu_units = 297                  # left out: as AWS Lambda gives by memory
//! reserved_concurrency = 100
//! max_instances = 1000
//! instance_concurrency = 1
//! provisioned_concurrency = 5
//! keep_alive_s = 600
//! # keep_alive = "histogram"       # in its place a policy: KeepAlivePolicy
//! cold_start_s = 0.322             # which expects so long a cold start
//! timeout_s = 3                    # for the host; in replays, requests end there
//! pick = "packed"                  # or mru, lru
//! role = "arn:aws:iam::123456789012:role/resize"
//!
//! [functions.resize.network]       # left out: the default network
//! security_groups = [{ id = "sg-1", outbound = true }]
//! subnets = [
//!     { id = "subnet-1", zone = "eu-west-1a", route = "nat" },
//!     { id = "subnet-2", zone = "eu-west-1b", route = "nat" },
//! ]
//! ```
//!
//! The same tables and keys are JSON's objects and members. Everything has the
//! default of its type but a node's `cpu_units` and `memory_mib`. A key that is
//! not known, a value of another type or out of range, and a region that
//! cannot be built of these values are refused with the line and the key
//! ([`SettingsError`]).
//!
//! | file | subject |
//! |---|---|
//! | `tree` | values and where they stand |
//! | `toml`, `json` | a text as such a tree |
//! | `reader` | a table's keys, each read once and in range |
//! | `error` | what is wrong, in which line, at which key |
//! | `region`, `function` | the tables as the types of this crate |
//! | `built` | the region that they describe |

mod built;
mod error;
mod function;
mod json;
pub(crate) mod reader;
mod region;
#[cfg(all(test, not(loom)))]
mod tests;
mod toml;
mod tree;

pub use built::Built;
pub use error::{Problem, SettingsError};
pub use function::FunctionSettings;
pub use region::Settings;

/// A text of either form: JSON begins with `{`, TOML does not.
pub(crate) fn parse(text: &str) -> Result<reader::Entry<'_>, SettingsError> {
    let json = text.trim_start().starts_with('{');
    let node = if json { json::parse(text) } else { toml::parse(text) };
    Ok(reader::Entry::whole(text, node?))
}
