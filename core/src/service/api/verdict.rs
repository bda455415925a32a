//! `DescribeServiceVerdict`: whether a deployment could ever end. An operation of
//! this library; Amazon ECS has none like it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::services::{not_found, short};
use super::{ApiError, Ecs};
use crate::service::{ServiceStatus, Verdict};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DescribeVerdict {
    cluster: String,
    service: String,
    /// What would be deployed; left out or empty: what the service has.
    task_definition: String,
}

impl Ecs {
    /// For a deployment that begins now, over the service's tasks as they are:
    /// `{"verdict": "PROGRESSES" or "NEVER", "reasons": [..]}`.
    pub(super) fn describe_verdict(&self, request: &DescribeVerdict) -> Result<Value, ApiError> {
        let name = short(&request.service);
        let cluster = self.clusters.found(&request.cluster)?;
        let controller = self.controller(&request.cluster).ok_or_else(not_found)?;
        let service = controller.service(name).ok_or_else(not_found)?;
        if service.status() != ServiceStatus::Active {
            return Err(ApiError::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        let definition = match request.task_definition.as_str() {
            "" => &controller.request(name).ok_or_else(not_found)?.definition,
            named => self.clusters.registry().active(named).map_err(ApiError::client)?,
        };
        let verdict = controller.verdict(cluster, name, definition);
        let (word, reasons) = match verdict.map_err(super::request::refused)? {
            Verdict::Progresses => ("PROGRESSES", Vec::new()),
            Verdict::Never(obstacles) => {
                ("NEVER", obstacles.iter().map(ToString::to_string).collect())
            }
        };
        Ok(json!({ "verdict": word, "reasons": reasons }))
    }
}
