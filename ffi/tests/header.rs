//! The committed header is what the sources say: fails when it is not, and
//! writes it anew with WARMSTOW_BLESS=1 (`make header`).

extern crate alloc;

use alloc::collections::BTreeMap;
use core::ffi::CStr;
use std::path::{Path, PathBuf};

/// In the order in which they stand in the header.
const SOURCES: [&str; 28] = [
    "status",
    "region",
    "rates",
    "node",
    "function",
    "instance",
    "invocation",
    "counters",
    "versions",
    "aliases",
    "provisioned",
    "tenants",
    "actions",
    "keeper",
    "backlog",
    "async_queue",
    "polled_source",
    "front_end",
    "replay_report",
    "settings",
    "replay",
    "autoscale",
    "ecs",
    "scenario",
    "view",
    "view_tasks",
    "packing",
    "consolidate",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root().join(format!("src/{source}.rs")));
    }
    let mut header = Vec::new();
    builder.generate().expect("the sources can be read").write(&mut header);
    String::from_utf8(header).expect("the header is UTF-8")
}

#[test]
fn the_committed_header_is_current() {
    let path = root().join("../include/warmstow.h");
    let wanted = generated();
    if std::env::var_os("WARMSTOW_BLESS").is_some() {
        std::fs::write(&path, &wanted).expect("include/ can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == wanted,
        "include/warmstow.h is not what the sources say now; run: make header"
    );
}

/// Enumerators of the header with their numbers.
fn enumerators(header: &str, prefix: &str) -> BTreeMap<i32, String> {
    let lines = header.lines().filter_map(|line| line.trim().strip_suffix(','));
    let pairs = lines.filter_map(|line| line.split_once(" = "));
    pairs
        .filter(|(name, _)| name.starts_with(prefix) && !name.contains(' '))
        .map(|(name, number)| (number.parse().expect("a number"), name.to_owned()))
        .collect()
}

#[test]
fn every_status_has_its_name() {
    let header = generated();
    let mut statuses = enumerators(&header, "WARMSTOW_ERROR_");
    statuses.insert(0, "WARMSTOW_OK".to_owned());
    assert!(statuses.len() > 30, "found {statuses:?}");
    let name = |status| {
        // SAFETY: static text, NUL-terminated.
        unsafe { CStr::from_ptr(warmstow::warmstow_status_name(status)) }.to_str().unwrap()
    };
    for status in -2_000..=1_000 {
        let wanted = statuses.get(&status).map_or("WARMSTOW_UNKNOWN", String::as_str);
        assert_eq!(name(status), wanted, "status {status}");
    }
    assert_eq!(name(i32::MIN), "WARMSTOW_UNKNOWN");
}

#[test]
fn no_status_number_stands_twice() {
    let header = generated();
    let count = header.lines().filter(|line| line.trim().starts_with("WARMSTOW_ERROR_")).count();
    let numbers = enumerators(&header, "WARMSTOW_ERROR_").len();
    assert_eq!(count, numbers, "two statuses share a number");
}

/// Within a major version no struct changes its size: WARMSTOW_ABI_VERSION's
/// promise. A change here comes with a new one, and a new SONAME.
#[cfg(target_pointer_width = "64")]
#[test]
fn structs_keep_their_size_within_a_major_version() {
    assert_eq!(warmstow::WARMSTOW_ABI_VERSION >> 16, 0, "for these sizes");
    let sizes = [
        ("handles", size_of::<warmstow::warmstow_region>(), 8),
        ("lease", size_of::<warmstow::warmstow_lease>(), 16),
        ("instance", size_of::<warmstow::warmstow_instance>(), 16),
        ("region_config", size_of::<warmstow::warmstow_region_config>(), 32),
        ("region_view", size_of::<warmstow::warmstow_region_view>(), 32),
        ("node_spec", size_of::<warmstow::warmstow_node_spec>(), 16),
        ("node_view", size_of::<warmstow::warmstow_node_view>(), 24),
        ("function_spec", size_of::<warmstow::warmstow_function_spec>(), 40),
        ("invocation", size_of::<warmstow::warmstow_invocation>(), 48),
        ("counters", size_of::<warmstow::warmstow_counters>(), 176),
        ("distribution", size_of::<warmstow::warmstow_distribution>(), 24),
        ("replay_config", size_of::<warmstow::warmstow_replay_config>(), 128),
        ("trace", size_of::<warmstow::warmstow_trace>(), 56),
        ("poisson", size_of::<warmstow::warmstow_poisson>(), 72),
        ("report", size_of::<warmstow::warmstow_report>(), 368),
        ("region_model", size_of::<warmstow::warmstow_region_model>(), 40),
        ("versioned", size_of::<warmstow::warmstow_versioned>(), 8),
        ("versioned_metrics", size_of::<warmstow::warmstow_versioned_metrics>(), 80),
        ("alias", size_of::<warmstow::warmstow_alias>(), 8),
        ("routing", size_of::<warmstow::warmstow_routing>(), 16),
        ("provisioning", size_of::<warmstow::warmstow_provisioning>(), 40),
        ("provisioned_view", size_of::<warmstow::warmstow_provisioned_view>(), 32),
        ("prestart", size_of::<warmstow::warmstow_prestart>(), 16),
        ("action", size_of::<warmstow::warmstow_action>(), 48),
        ("scaler", size_of::<warmstow::warmstow_scaler>(), 8),
        ("decision", size_of::<warmstow::warmstow_decision>(), 64),
    ];
    for (name, size, wanted) in sizes {
        assert_eq!(size, wanted, "warmstow_{name}");
    }
}

#[test]
fn every_public_item_is_documented() {
    let header = generated();
    let mut before = "";
    for line in header.lines() {
        let declares = line.starts_with("int32_t ")
            || line.starts_with("uint32_t ")
            || line.starts_with("const char *")
            || line.starts_with("typedef ")
            || line.starts_with("#define WARMSTOW_") && !line.ends_with("_H");
        assert!(!declares || before.ends_with("*/"), "undocumented: {line}");
        before = line;
    }
}
