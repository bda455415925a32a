//! Each fault is named with its line and its key.

use alloc::string::{String, ToString};

use crate::settings::{Problem, Settings};
use crate::time::Instant;

/// What is said of a file.
#[track_caller]
fn refused(text: &str, expected: &str) {
    let settings = Settings::from_text(text);
    let error =
        settings.and_then(|settings| settings.build(Instant::ZERO).map(|_| ())).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_text_of_neither_form() {
    for text in ["[account\n", "a = \n", "\n{\"account\": }", "{\"account\": {}", "\u{0}"] {
        let error = Settings::from_text(text).unwrap_err();
        assert!(matches!(error.problem, Problem::Syntax(_)), "{text:?}: {error}");
        assert!(error.line >= 1 && error.key.is_empty(), "{error}");
    }
    assert_eq!(Settings::from_text("\n{\n\"account\": }").unwrap_err().line, 3);
    assert_eq!(Settings::from_text("[account]\nlimit == 3\n").unwrap_err().line, 2);
}

#[test]
fn a_key_that_is_not_known() {
    refused(
        "[region]\nseed = 1\nlane = 3\n",
        "line 3, region.lane: no such key; there are strategy, seed, lanes",
    );
    refused(
        "{\"nodes\": [\n {\"cpu_units\": 1, \"memory_mib\": 1},\n {\"cpu\":\n 3}]}",
        "line 4, nodes[1].cpu: no such key; there are cpu_units, memory_mib, zone, count",
    );
    let error = Settings::from_text("[functions]\nf = { memory = 3 }\n").unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (2, "functions.f.memory"));
}

#[test]
fn a_key_that_is_missing_or_there_twice() {
    refused("\n[[nodes]]\ncpu_units = 4\n", "line 2, nodes[0].memory_mib: the key is missing");
    refused(
        "{\"region\": {\"seed\": 1,\n\"seed\": 2}}",
        "line 2, region.seed: the key is there twice",
    );
}

#[test]
fn a_value_of_another_type() {
    for (text, expected) in [
        ("account = 3", "line 1, account: is a whole number, not a table"),
        ("nodes = \"\"", "line 1, nodes: is a text, not a list"),
        (
            "[region]\nseed = 1.0",
            "line 2, region.seed: is a number with a fraction, not a whole number",
        ),
        ("[region]\nstrategy = []", "line 2, region.strategy: is a list, not a text"),
        (
            "{\"region\": {\"lanes\": true}}",
            "line 1, region.lanes: is true or false, not a whole number",
        ),
        (
            "[functions.f.network]\nsubnets = []\nsecurity_groups = [{ id = \"\", outbound = 1 }]",
            "line 3, functions.f.network.security_groups[0].outbound: is a whole number, \
             not true or false",
        ),
    ] {
        refused(text, expected);
    }
    refused("{\"account\":\n null}", "line 2: null: leave the key out");
    refused("account = 2020-01-01", "line 1: no key takes a date");
}

#[test]
fn a_number_out_of_range() {
    for (text, expected) in [
        ("[region]\nlanes = 0", "line 2, region.lanes: is 0, outside 1 to 256"),
        ("[region]\nlanes = -1", "line 2, region.lanes: is -1, outside 1 to 256"),
        (
            "{\"region\": {\"seed\": 18446744073709551616}}",
            "line 1, region.seed: is 18446744073709551616, outside 0 to 18446744073709551615",
        ),
        ("[[nodes]]\ncpu_units = 0", "line 2, nodes[0].cpu_units: is 0, outside 1 to 16777215"),
        (
            "[functions.f]\nkeep_alive_s = 1e9",
            "line 2, functions.f.keep_alive_s: is 1000000000, outside 0 to 31536000",
        ),
        (
            "[functions.f]\nkeep_alive_s = nan",
            "line 2, functions.f.keep_alive_s: is NaN, outside 0 to 31536000",
        ),
        (
            "[functions.f]\ninstance_concurrency = 1601",
            "line 2, functions.f.instance_concurrency: is 1601, outside 1 to 1600",
        ),
    ] {
        refused(text, expected);
    }
}

#[test]
fn nodes_beyond_what_a_fleet_can_have() {
    let nodes = "[[nodes]]\ncpu_units = 1\nmemory_mib = 1\ncount = 1_000_000_000\n";
    let error = Settings::from_text(nodes).unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (4, "nodes[0].count"));
}

#[test]
fn a_word_that_is_not_known() {
    refused(
        "[functions.f]\npick = \"first\"",
        "line 2, functions.f.pick: `first` is none of packed, mru, lru",
    );
    refused(
        "[region]\nstrategy = \"tight\"",
        "line 2, region.strategy: `tight` is no strategy; one of binpack:cpu, binpack:memory, \
         spread:zone, spread:node, random, binpack:balanced",
    );
    refused(
        "[functions.f]\nrole = \"admin\"",
        "line 2, functions.f.role: `admin` is no role: arn:aws:iam::ACCOUNT:role/NAME",
    );
}

#[test]
fn values_that_cannot_be_together() {
    let text = "[account]\nconcurrency_limit = 100\n[functions.f]\nreserved_concurrency = 1\n";
    let error = Settings::from_text(text).unwrap().build(Instant::ZERO).unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (4, "functions.f.reserved_concurrency"));
    assert!(error.to_string().contains("100"), "{error}");
    refused(
        "[functions.f.network]\nsubnets = []\nsecurity_groups = [{ id = \"g\" }]\n",
        "line 1, functions.f.network: 0 subnets: a function takes 1 to 16",
    );
}

#[test]
fn a_text_nested_too_deep() {
    let deep = "[".repeat(50_000) + &"]".repeat(50_000);
    let json = alloc::format!("{{\"nodes\": {deep}}}");
    let error = Settings::from_text(&json).unwrap_err();
    assert!(matches!(error.problem, Problem::Syntax(_)), "{error}");
    let toml = alloc::format!("nodes = {deep}");
    let error = Settings::from_text(&toml).unwrap_err();
    assert!(matches!(error.problem, Problem::Syntax(_)), "{error}");
}

#[test]
fn what_is_provisioned_or_kept_wrongly() {
    refused(
        "[functions.f]\nmax_instances = 5\nprovisioned_concurrency = 6\n",
        "line 3, functions.f.provisioned_concurrency: is 6, outside 0 to 5",
    );
    refused(
        "[functions.f]\nreserved_concurrency = 2\nprovisioned_concurrency = 3\n",
        "line 3, functions.f.provisioned_concurrency: Requested Provisioned Concurrency should \
         not be greater than the reservedConcurrentExecution for function: 3 of 2",
    );
    refused(
        "[functions.f]\nkeep_alive_s = 5\nkeep_alive = \"lru\"\n",
        "line 3, functions.f.keep_alive: cannot stand beside keep_alive_s: one of them decides",
    );
    refused(
        "[functions.f]\ntimeout_s = 901\n",
        "line 2, functions.f.timeout_s: is 901, outside 1 to 900",
    );
    let error = Settings::from_text("[functions.f]\nkeep_alive = \"often\"\n").unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (2, "functions.f.keep_alive"));
    let error = Settings::from_text("[account]\nprovisioning = \"soon\"\n").unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (2, "account.provisioning"));
}

#[test]
fn what_the_account_or_the_nodes_cannot_give_is_named_with_its_own_key() {
    let aws = "Specified ReservedConcurrentExecutions for function decreases account's \
               UnreservedConcurrentExecution below its minimum value of [100]. Reserving 950 \
               leaves 50.";
    for more in ["", "provisioned_concurrency = 1\n"] {
        refused(
            &alloc::format!("[functions.a]\nmemory_mib = 512\nreserved_concurrency = 950\n{more}"),
            &alloc::format!("line 3, functions.a.reserved_concurrency: {aws}"),
        );
    }
    let node = "[[nodes]]\ncpu_units = 100\nmemory_mib = 1024\n[functions.a]\ntimeout_s = 3\n";
    for (function, expected) in [
        (
            "memory_mib = 2048\n",
            "line 6, functions.a.memory_mib: 2048 memory_mib needed: the largest node has 1024",
        ),
        (
            "memory_mib = 512\n",
            "line 6, functions.a.memory_mib: 297 cpu_units needed: the largest node has 100",
        ),
        (
            "memory_mib = 512\ncpu_units = 128\n",
            "line 7, functions.a.cpu_units: 128 cpu_units needed: the largest node has 100",
        ),
    ] {
        refused(&alloc::format!("{node}{function}"), expected);
    }
    refused(
        "[[nodes]]\ncpu_units = 100\nmemory_mib = 64\n[functions.a]\n",
        "line 4, functions.a: 128 memory_mib needed: the largest node has 64",
    );
}

/// So many functions in two subnets, each under a security group of its own.
fn networks(account: &str, functions: u32) -> String {
    let mut text = alloc::format!("[account]\n{account}\n");
    for number in 0..functions {
        text += &alloc::format!(
            "[functions.f{number:03}]\n[functions.f{number:03}.network]\n\
             subnets = [{{ id = \"a\", zone = \"x\" }}, {{ id = \"b\", zone = \"y\" }}]\n\
             security_groups = [{{ id = \"g{number}\" }}]\n"
        );
    }
    text
}

#[test]
fn the_function_whose_interfaces_are_too_many_is_named() {
    // Two lines before the first function, four lines each, 125 of which fit.
    refused(
        &networks("", 300),
        "line 504, functions.f125.network: 252 network interfaces: the network can have 250",
    );
    let build = |text: &str| Settings::from_text(text).unwrap().build(Instant::ZERO);
    assert_eq!(build(&networks("interface_limit = 600", 300)).unwrap().interfaces.count(), 600);
    refused(
        &networks("interface_limit = 3", 2),
        "line 8, functions.f001.network: 4 network interfaces: the network can have 3",
    );
    let shared = networks("interface_limit = 2", 300);
    let shared = shared.lines().map(|line| match line.starts_with("security_groups") {
        true => "security_groups = [{ id = \"g\" }]\n".to_string(),
        false => alloc::format!("{line}\n"),
    });
    let shared: String = shared.collect();
    assert_eq!(build(&shared).unwrap().interfaces.count(), 2, "functions share them");
}
