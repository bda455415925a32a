//! What a settings file says, and that both forms say the same.

use alloc::string::String;
use alloc::vec::Vec;

use crate::function::{
    FunctionSpec, KeeperAction, Provisioning, RegionConfig, Route, ScalingRate, Start,
    VersionAction,
};
use crate::id::Lane;
use crate::placement::{NodeSpec, SpreadBy, Strategy};
use crate::pool::Pick;
use crate::resources::Resources;
use crate::settings::{Built, Settings};
use crate::time::{Duration, Instant};

const TOML: &str = include_str!("file.toml");
const JSON: &str = include_str!("file.json");

#[test]
fn a_file_says_what_a_region_is_built_of() {
    let settings = Settings::from_text(TOML).unwrap();
    let expected = RegionConfig {
        account_limit: 500,
        unreserved_minimum: 50,
        requests_per_concurrency: 10,
        scaling_rate: ScalingRate::LAMBDA,
        strategy: Strategy::Spread(SpreadBy::Zone),
        seed: i64::MAX as u64,
        lanes: 4,
        max_functions: 2,
        max_nodes: 3,
        ..RegionConfig::default()
    };
    assert_eq!(settings.region, expected);
    let large = NodeSpec::new(Resources::new(4_096, 8_192), 0);
    assert_eq!(settings.nodes, [large, large, NodeSpec::new(Resources::new(2_048, 4_096), 1)]);

    let [mail, resize] = &settings.functions[..] else { panic!("{settings:?}") };
    assert_eq!((mail.name.as_str(), mail.spec), ("mail", FunctionSpec::of_memory(128)));
    assert_eq!((&mail.role, &mail.network), (&None, &None));
    let spec = FunctionSpec {
        resources: Resources::new(300, 512),
        max_instances: 40,
        instance_concurrency: 2,
        reserved_concurrency: Some(100),
        keep_alive: Duration::from_millis(12_500),
        pick: Pick::MostRecent,
    };
    assert_eq!(resize.spec, spec);
    let role = resize.role.as_ref().unwrap();
    assert_eq!(role.as_str(), "arn:aws:iam::123456789012:role/service/resize");
    let network = resize.network.as_ref().unwrap();
    let routes: Vec<Route> = network.subnets().iter().map(|subnet| subnet.route).collect();
    assert_eq!(routes, [Route::NatGateway, Route::Isolated]);
    let outbound = network.security_groups().iter().map(|group| group.outbound);
    assert!(outbound.eq([true, false]), "a new security group lets everything out");
}

#[test]
fn both_forms_say_the_same() {
    let (toml, json) = (Settings::from_toml(TOML).unwrap(), Settings::from_json(JSON).unwrap());
    assert_eq!((toml.region, &toml.nodes), (json.region, &json.nodes));
    for (toml, json) in toml.functions.iter().zip(&json.functions) {
        assert_eq!((&toml.name, toml.spec), (&json.name, json.spec));
        assert_eq!((&toml.role, &toml.network), (&json.role, &json.network));
    }
    assert_eq!(Settings::from_text(JSON).unwrap(), json);
}

#[test]
fn a_file_builds_a_region_that_serves() {
    let settings = Settings::from_text(TOML).unwrap();
    let Built { region, control, .. } = settings.build(Instant::ZERO).unwrap();
    let resize = control.function("resize").unwrap();
    assert_eq!(region.function(resize).unwrap().gate().reserved(), Some(100));
    let cold = region.invoke(Instant::ZERO, resize).unwrap();
    assert!(region.node_of(cold.instance).unwrap().is_some());
}

#[test]
fn a_file_says_how_instances_are_provisioned_and_kept() {
    let text = "[account]\nprovisioning = \"at-once\"\n\
                [functions.api]\nprovisioned_concurrency = 2\ntimeout_s = 30\n\
                [functions.cron]\nkeep_alive = \"fixed:60s\"\ncold_start_s = 1.5\n";
    let settings = Settings::from_toml(text).unwrap();
    assert_eq!(settings.provisioning, Provisioning::AT_ONCE);
    let [api, cron] = &settings.functions[..] else { panic!("{settings:?}") };
    assert_eq!((api.provisioned_concurrency, api.keep_alive), (2, None));
    assert_eq!(api.timeout, Some(Duration::from_secs(30)));
    assert_eq!(cron.keep_alive, Some("fixed:60s".parse().unwrap()));
    assert_eq!((cron.cold_start, cron.timeout), (Duration::from_millis(1_500), None));

    let at = Instant::from_secs;
    let Built { region, mut control, keeper, mut versioned, .. } = settings.build(at(100)).unwrap();
    let [api] = &mut versioned[..] else { panic!("one function is provisioned") };
    let mut started = 0;
    while let Some(VersionAction::Start(prestart)) = api.poll_action() {
        api.handle_prepared(at(101), &mut control, prestart.lease).unwrap();
        started += 1;
    }
    assert_eq!(started, 2);
    let pool = control.function("api").unwrap();
    let warm = region.invoke_version(at(102), pool, Lane::FIRST).unwrap();
    assert_eq!(warm.start, Start::Warm);

    let (cron, mut keeper) = (control.function("cron").unwrap(), keeper.unwrap());
    let request = region.invoke(at(200), cron).unwrap();
    region.started(at(201), &request.lease).unwrap();
    keeper.handle_invoked(at(200), request.instance);
    region.complete(at(202), request.lease).unwrap();
    keeper.handle_ended(at(202), request.instance, false);
    assert_eq!(keeper.poll_action(at(261)), None);
    let instance = request.instance;
    assert_eq!(keeper.poll_action(at(262)), Some(KeeperAction::Stop { instance }));
}

#[test]
fn an_empty_file_is_a_region_of_defaults() {
    for empty in ["", "{}", "# nothing\n", "  { }\n"] {
        let settings = Settings::from_text(empty).unwrap();
        let defaults = RegionConfig { max_functions: 1, ..RegionConfig::default() };
        assert_eq!((settings.region, settings.functions.len()), (defaults, 0), "{empty:?}");
        settings.build(Instant::ZERO).unwrap();
    }
}

#[test]
fn warnings_name_their_function_and_line() {
    let warnings: Vec<String> = Settings::from_toml(TOML).unwrap().warnings().collect();
    assert_eq!(
        warnings,
        [
            "line 22, functions.mail: no execution role: AWS Lambda creates no function without \
             one",
            "line 24, functions.resize.network: a function in subnet b does not reach the \
             internet: its route leads nowhere outside: use a NAT gateway"
        ]
    );
}

#[test]
fn a_scaling_rate_is_shown_as_it_is_read() {
    for text in ["unlimited", "function:1000/10:1000", "region:500/60:3000", "region:1/0.5:2"] {
        let rate: ScalingRate = text.parse().unwrap();
        assert_eq!(alloc::format!("{rate}"), text);
    }
}
