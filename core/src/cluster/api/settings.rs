//! Settings of the account: whether instances that register get a trunk.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ApiError, ClusterApi, page};

/// The one setting that has an effect here.
const TRUNKING: &str = "awsvpcTrunking";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PutSetting {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListSettings {
    name: Option<String>,
    value: Option<String>,
    effective_settings: bool,
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl ClusterApi {
    /// Counts for instances that register from now on. An account has one
    /// principal here, its root: what a request says of another holds for all.
    pub(super) fn put_setting(&mut self, request: &PutSetting) -> Result<Value, ApiError> {
        known(&request.name)?;
        let on = enabled(&request.value)?;
        self.trunking = Some(on);
        Ok(json!({ "setting": self.trunking_setting(on) }))
    }

    /// What was set; with `effectiveSettings` the default of what was not.
    pub(super) fn list_settings(&self, request: &ListSettings) -> Result<Value, ApiError> {
        // An empty text is that of a request to fill in.
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (name, value) = (given(&request.name), given(&request.value));
        if let Some(name) = &name {
            known(name)?;
        }
        let wanted = value.map(|value| enabled(&value)).transpose()?;
        if wanted.is_some() && name.is_none() {
            return Err(ApiError::parameter("value goes with the name of a setting only"));
        }
        let default = request.effective_settings.then_some(false);
        let on = self.trunking.or(default);
        let found = on.filter(|on| wanted.is_none_or(|wanted| wanted == *on));
        let settings: Vec<Value> = found.into_iter().map(|on| self.trunking_setting(on)).collect();
        page("settings", settings, request.next_token.as_deref(), request.max_results)
    }

    fn trunking_setting(&self, on: bool) -> Value {
        let value = if on { "enabled" } else { "disabled" };
        let principal = format!("arn:aws:iam::{}:root", self.account);
        json!({ "name": TRUNKING, "value": value, "principalArn": principal, "type": "user" })
    }
}

fn known(name: &str) -> Result<(), ApiError> {
    if name == TRUNKING {
        return Ok(());
    }
    let message = format!("name is {name:?}: {TRUNKING} is the setting that is known here");
    Err(ApiError::parameter(message))
}

fn enabled(value: &str) -> Result<bool, ApiError> {
    match value {
        "enabled" => Ok(true),
        "disabled" => Ok(false),
        other => {
            Err(ApiError::parameter(format!("value is {other:?}: enabled or disabled is possible")))
        }
    }
}
