//! Scenarios as files: read, refused by line and key, and the three that the
//! Python package comes with, played to their facts.
#![cfg(all(feature = "sim", feature = "settings"))]

use warmstow_core::sim::containers::*;

const ROLLING: &str =
    include_str!("../../python/python/warmstow/data/scenarios/rolling-deploy.toml");
const ZONE: &str = include_str!("../../python/python/warmstow/data/scenarios/zone-loss.toml");
const WEEK: &str = include_str!("../../python/python/warmstow/data/scenarios/autoscaled-week.toml");

fn play(text: &str) -> ContainersReport {
    simulate(&Scenario::from_text(text, None).unwrap()).unwrap()
}

/// Seconds at which the first event with that text happened.
fn when(report: &ContainersReport, text: &str) -> f64 {
    let event = report.events.iter().find(|event| event.text.contains(text));
    event.unwrap_or_else(|| panic!("no event says {text:?}")).at.as_secs_f64()
}

/// Running tasks of each zone at the end of that minute, counted from 1.
fn zones(report: &ContainersReport, minute: usize) -> Vec<u32> {
    report.running_by_zone.iter().map(|of| of[minute - 1]).collect()
}

fn refused(from: &str, to: &str) -> String {
    let text = ROLLING.replacen(from, to, 1);
    assert_ne!(text, ROLLING, "{from:?} is not in the file");
    let error = Scenario::from_text(&text, None).unwrap_err().to_string();
    let (line, rest) = error.split_once(", ").unwrap();
    assert!(line.starts_with("line "), "{error}");
    rest.into()
}

#[test]
fn a_deploy_that_fails_four_times_is_rolled_back_and_loses_nothing() {
    let report = play(ROLLING);
    let totals = &report.totals;
    assert_eq!((totals.all.unserved, totals.all.tasks_failed), (0.0, 4));
    let tripped = when(&report, "(deployment 2) deployment failed: tasks failed to start.");
    assert_eq!(tripped, when(&report, "rolling back to (deployment 1)."));
    // Four tries, one after the other, and 10, 20 and 40 s between them.
    assert!((1_370.0..1_500.0).contains(&tripped), "it stalled for minutes: {tripped}");
    assert!(report.minutes.iter().all(|of| of.all.running >= 8), "below the floor");
    assert!(report.minutes[20..30].iter().all(|of| of.all.running == 8));
    // The one that works replaces all.
    let done = when(&report, "(deployment 3) deployment completed.");
    assert!((4_200.0..4_600.0).contains(&done), "one at a time: {done}");
    assert_eq!(totals.all.peak_running, 9, "the ceiling");
    assert_eq!(zones(&report, 90), [3, 3, 2]);
}

#[test]
fn a_lost_zone_costs_requests_until_an_instance_boots_and_is_balanced_again_later() {
    let report = play(ZONE);
    assert_eq!(report.totals.all.tasks_lost, 4);
    assert_eq!(zones(&report, 29), [4, 4, 4]);
    // 12 tasks, 8 left: 1,000 - 800 requests a second go.
    assert_eq!(zones(&report, 31), [0, 4, 4]);
    let lost = |from: usize, to: usize| {
        report.minutes[from..to].iter().map(|of| of.all.unserved).sum::<f64>()
    };
    assert_eq!(report.minutes[30].all.unserved, 200.0 * 60.0);
    assert_eq!((lost(0, 29), lost(34, 240)), (0.0, 0.0));
    assert_eq!(lost(29, 34), report.totals.all.unserved);
    // Back at 90 min, without an instance until the deployment wants more.
    assert_eq!(zones(&report, 34), [0, 8, 4]);
    assert_eq!(zones(&report, 119), [0, 8, 4]);
    assert_eq!(zones(&report, 124), [8, 0, 4]);
    assert_eq!(zones(&report, 130), [4, 4, 4]);
    assert_eq!(zones(&report, 240), [4, 4, 4]);
}

#[test]
fn a_week_follows_its_curve_and_is_billed_by_launch_type() {
    let report = play(WEEK);
    let (minutes, totals, bill) = (&report.minutes, &report.totals, &report.bill);
    assert_eq!(minutes.len(), 7 * 1_440);
    let peak = |day: usize| minutes[day * 1_440..][..1_440].iter().map(|of| of.all.running).max();
    // 2,400 / s at 60 % of 100 each: 40 tasks; weekends 1,410 / s: 24.
    for day in 0..7 {
        let (least, most) = if day < 5 { (38, 44) } else { (22, 27) };
        assert!((least..=most).contains(&peak(day).unwrap()), "day {day}: {:?}", peak(day));
    }
    // Lost before the first tasks run, and never again.
    assert_eq!(minutes[0].all.unserved, totals.all.unserved);
    assert!(totals.all.unserved > 0.0);
    assert!(totals.interruptions > 0 && totals.all.scaled > 100, "{totals:?}");
    // By the minutes and by the sums alike.
    let requests: f64 = minutes.iter().map(|of| of.all.requests).sum();
    assert!((requests - totals.all.requests).abs() < 1e-6 * requests);
    // On demand 0.096, Spot 0.0384, as the file and the table say.
    let usd = bill.on_demand_hours * 0.096 + bill.spot_hours * 0.0384;
    assert!((bill.instances_usd.unwrap() - usd).abs() < 1e-6, "{bill:?}");
    assert!((minutes.last().unwrap().instances_usd.unwrap() - usd).abs() < 0.01);
    // Fargate on four vCPU-hours: half a vCPU and a GB for each task-hour.
    let fargate = totals.all.task_hours * (0.5 * 0.040_48 + 0.004_445);
    assert!(bill.compared.iter().any(|option| (option.usd / fargate - 1.0).abs() < 0.01));
    assert_eq!(bill.compared.len(), 6);
}

#[test]
fn the_same_file_gives_the_same_report_and_another_seed_another() {
    for text in [ROLLING, ZONE] {
        assert_eq!(play(text), play(text));
        let other = Scenario::from_text(text, Some(8)).unwrap();
        assert_eq!(other.seed, 8);
        assert_ne!(simulate(&other).unwrap(), play(text));
    }
    let week = |seed| Scenario::from_text(WEEK, seed).unwrap().services.remove(0).load;
    assert_eq!(week(None), week(Some(7)));
    assert_ne!(week(None), week(Some(8)), "the noise is drawn by the seed");
}

#[test]
fn steps_of_a_simulation_make_the_same_report() {
    let scenario = Scenario::from_text(ROLLING, None).unwrap();
    let mut simulation = Simulation::new(&scenario).unwrap();
    let mut steps = 0;
    while simulation.advance(warmstow_core::time::Duration::from_secs(7)) {
        steps += 1;
    }
    assert_eq!(steps, 5_400 / 7);
    assert_eq!(simulation.finish(), simulate(&scenario).unwrap());
}

#[test]
fn json_says_the_same_as_toml() {
    let toml = "duration_s = 600\n[service]\nname = \"a\"\n[task]\ncpu_units = 256\n\
        memory_mib = 512\ncapacity_per_s = 10.5\nstart = \"det:5\"\n[load]\n\
        points = [{ at_s = 0, per_s = 8 }]\n[group]\ntype = \"c5.large\"\ninitial = 1\n";
    let json = r#"{"duration_s": 600, "service": {"name": "a"},
        "task": {"cpu_units": 256, "memory_mib": 512, "capacity_per_s": 10.5, "start": "det:5"},
        "load": {"points": [{"at_s": 0, "per_s": 8}]},
        "group": {"type": "c5.large", "initial": 1}}"#;
    assert_eq!(play(toml), play(json));
    assert_eq!(play(toml).minutes[9].all.running, 1);
}

#[test]
fn every_policy_can_be_written() {
    let scaling = "\n[autoscaling]\nmin = 2\nmax = 30\n\
        [[autoscaling.target_tracking]]\nmetric = \"memory\"\ntarget = 50.5\n\
        [[autoscaling.step]]\nmetric = \"requests_per_task\"\nwhen = \"below\"\n\
        threshold = 20\nsteps = [{ upper = 0, adjustment = -1 }]\n\
        [[autoscaling.scheduled]]\nschedule = \"cron(30 0 * * ? *)\"\nmin = 20\n";
    let report = play(&format!("{ROLLING}{scaling}"));
    // 70 req/s each, 30 + 0.7 * 40 = 58 % of memory: above the target.
    assert!(report.minutes[25].all.desired > 8, "{:?}", report.minutes[25]);
    assert_eq!(report.minutes[35].all.desired, 20, "the schedule, at half past");
    let no_metric = scaling.replace("memory", "disk");
    let error = Scenario::from_text(&format!("{ROLLING}{no_metric}"), None).unwrap_err();
    assert_eq!(error.key, "autoscaling.target_tracking[0].metric");
    let no_time = scaling.replace("30 0 *", "99 0 *");
    let error = Scenario::from_text(&format!("{ROLLING}{no_time}"), None).unwrap_err();
    assert_eq!(error.key, "autoscaling");
}

#[test]
fn what_is_wrong_is_named_by_line_and_key() {
    let file = ROLLING.replace("max = 8", "max = -8");
    let line = file.lines().position(|line| line == "max = -8").unwrap() + 1;
    let error = Scenario::from_text(&file, None).unwrap_err();
    assert_eq!(error.to_string(), format!("line {line}, group.max: is -8, outside 0 to 10000"));
    assert!(
        refused("zones = 3", "zone = 3").starts_with("group.zone: no such key; there are type")
    );
    assert!(refused("\"m5.large\"", "\"m5.tiny\"").starts_with("group.type: `m5.tiny` is none of"));
    assert_eq!(refused("capacity_per_s = 100", ""), "task.capacity_per_s: the key is missing");
    assert_eq!(
        refused("capacity_per_s = 100", "capacity_per_s = 0"),
        "task.capacity_per_s: is 0: must be above 0"
    );
    assert_eq!(
        refused("at_s = 420", "at_s = 60"),
        "load.points[1]: is not after the point before it"
    );
    assert_eq!(refused("name = \"web\"", "name = \"w b\"").split(':').next(), Some("service"));
    assert_eq!(refused("min = 3", "min = 9").split(':').next(), Some("group"));
    assert!(refused("lognormal:40,0.3", "soon").starts_with("task.start: "));
    let spot = refused("zones = 3", "spot_percent = 50");
    assert_eq!(spot, "group: spot_percent is above 0: spot_usd_per_hour is missing");
    let empty = Scenario::from_text("", None).unwrap_err().to_string();
    assert_eq!(empty, "line 1, duration_s: the key is missing");
}

#[test]
fn what_was_expected_and_did_not_come_is_said() {
    for text in [ROLLING, ZONE] {
        assert_eq!(play(text).unmet, [""; 0]);
    }
    let (before, _) = ZONE.split_once("[expect]").unwrap();
    assert_eq!(play(before).unmet, [""; 0], "nothing expected");
    let expect = "[expect]\nmax_lost_percent = 0.2\nmax_usd = 1.5\nmin_running_at_end = 13\n\
        rolled_back = true\n";
    let unmet = play(&format!("{before}{expect}")).unmet;
    assert_eq!(unmet.len(), 4, "{unmet:?}");
    assert!(unmet[0].ends_with(" % of requests were lost, expected 0.2 at most"), "{unmet:?}");
    assert_eq!(unmet[1], "instances cost 1.56 dollars, expected 1.5 at most");
    assert_eq!(unmet[2], "12 tasks run at the end, expected 13 at least");
    assert_eq!(unmet[3], "no deployment was rolled back, expected one");
    let against = ROLLING.replace("rolled_back = true", "rolled_back = false");
    assert_eq!(play(&against).unmet, ["a deployment was rolled back, expected none"]);
    let short = ROLLING.replace("duration_s = 5400", "duration_s = 59");
    let unmet = play(&short).unmet;
    assert!(unmet[0].contains("no minute was played, expected 8"), "{unmet:?}");
}

/// A list of services in place of the tables of one.
const SEVERAL: &str = "duration_s = 1200\n\
    [[services]]\nname = \"web\"\ndesired = 2\n\
    [services.task]\ncpu_units = 512\nmemory_mib = 1024\ncapacity_per_s = 100\nstart = \"det:30\"\n\
    [services.load]\npoints = [{ at_s = 0, per_s = 150 }]\n\
    [services.autoscaling]\nmin = 1\nmax = 4\n\
    [[services.autoscaling.target_tracking]]\nmetric = \"cpu\"\ntarget = 50\n\
    [services.expect]\nmax_lost_percent = 5\n\
    [[services]]\nname = \"search\"\n\
    [services.task]\ncpu_units = 1024\nmemory_mib = 2048\ncapacity_per_s = 10\nstart = \"det:30\"\n\
    [services.load]\npoints = [{ at_s = 0, per_s = 5 }]\n\
    [[services.deploys]]\nat_s = 300\nrevision = 2\n\
    [group]\ntype = \"m5.large\"\ninitial = 3\n";

#[test]
fn several_services_stand_in_a_list() {
    let report = play(SEVERAL);
    assert_eq!(report.names(), "web, search");
    let [web, search] = &report.services[..] else { panic!("two services") };
    assert_eq!(web.minutes[19].running, 3, "150 a second at 50 %");
    assert_eq!(search.deployments.last().map(|of| of.revision), Some(2));
    assert_eq!(report.unmet, [""; 0]);
    let alone = ROLLING.replacen("[service]\n", "[[services]]\n", 1);
    let alone = alone.replacen("[task]", "[services.task]", 1);
    let alone = alone.replacen("[load]", "[services.load]", 1);
    let alone = alone.replace("[[deploys]]", "[[services.deploys]]");
    assert_eq!(play(&alone), play(ROLLING), "a list of one is that one");
}

#[test]
fn what_is_wrong_with_one_of_several_is_named() {
    let refused = |from: &str, to: &str| {
        let text = SEVERAL.replacen(from, to, 1);
        assert_ne!(text, SEVERAL, "{from:?} is not in the file");
        let error = Scenario::from_text(&text, None).unwrap_err().to_string();
        error.split_once(", ").unwrap().1.to_string()
    };
    assert_eq!(
        refused("\"search\"", "\"web\""),
        "services[1]: is the second service of the name \"web\""
    );
    assert_eq!(
        refused("cpu_units = 1024", "cpu_units = 0"),
        "services[1].task.cpu_units: is 0, outside 1 to 16777215"
    );
    assert_eq!(
        refused("[group]", "[task]\ncpu_units = 1\n[group]"),
        "task: stands beside services: it belongs to each of them"
    );
    assert!(refused("\"search\"", "\"s e\"").starts_with("services[1]: service: "));
    assert!(
        refused("max_lost_percent", "max_usd").starts_with("services[0].expect.max_usd: no such")
    );
    assert!(
        refused("metric = \"cpu\"", "metric = \"disk\"").starts_with("services[0].autoscaling.")
    );
    let none = "duration_s = 60\nservices = []\n[group]\ntype = \"m5.large\"\n";
    let error = Scenario::from_text(none, None).unwrap_err().to_string();
    assert_eq!(error, "line 2, services: has 0 entries: 1 to 100 are possible");
}

#[cfg(feature = "json")]
#[test]
fn several_services_are_in_the_json_report() {
    let scenario = Scenario::from_text(SEVERAL, None).unwrap();
    let report = simulate(&scenario).unwrap();
    let json: serde_json::Value = serde_json::from_str(&report.to_json(&scenario)).unwrap();
    assert_eq!(json["service"], "web, search");
    let services = json["services"].as_array().unwrap();
    assert_eq!(services.len(), 2);
    for (said, of) in services.iter().zip(&report.services) {
        assert_eq!(said["name"], of.name);
        assert_eq!(said["totals"]["requests"], of.totals.requests);
        let columns = said["minutes"].as_object().unwrap();
        assert_eq!(columns.len(), 10);
        assert!(columns.values().all(|column| column.as_array().unwrap().len() == 20));
    }
    assert!(json["events"].as_array().unwrap().iter().any(|event| event["service"] == "search"));
    let deployments = json["deployments"].as_array().unwrap();
    assert!(deployments.iter().any(|of| of["service"] == "search" && of["revision"] == 2));
}

#[cfg(feature = "json")]
#[test]
fn the_report_in_json_is_the_whole_report() {
    let scenario = Scenario::from_text(ROLLING, None).unwrap();
    let report = simulate(&scenario).unwrap();
    let json: serde_json::Value = serde_json::from_str(&report.to_json(&scenario)).unwrap();
    assert_eq!(json["service"], scenario.services[0].service.name);
    assert_eq!(json["totals"]["tasks_failed"], 4);
    assert_eq!(json["totals"]["requests"], report.totals.all.requests);
    let columns = json["minutes"].as_object().unwrap();
    assert_eq!(columns.len(), 16);
    let zones = columns["running_by_zone"].as_array().unwrap();
    assert_eq!(zones.len(), report.running_by_zone.len());
    for (name, column) in columns.iter().filter(|(name, _)| *name != "running_by_zone") {
        assert_eq!(column.as_array().unwrap().len(), report.minutes.len(), "{name}");
    }
    assert_eq!(columns["running"][29], report.minutes[29].all.running);
    assert_eq!(json["events"].as_array().unwrap().len(), report.events.len());
    let compared = &json["bill"]["compared"][0];
    assert_eq!(compared["launch"], report.bill.compared[0].launch.to_string());
    let rollouts = json["deployments"].as_array().unwrap().iter().map(|of| &of["rollout"]);
    assert!(rollouts.clone().count() > 0 && rollouts.clone().all(|of| of != "in_progress"));
}
