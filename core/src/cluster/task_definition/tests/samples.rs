//! Real task definitions, as their authors registered them with AWS.

use alloc::string::{String, ToString};
use std::path::PathBuf;

use super::super::*;
use crate::resources::Resources;

fn folder() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../../shared/data/containers/taskdefs");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no task definitions in {}", folder.display());
        return None;
    }
    Some(folder)
}

/// Test suites fill these in before they register the definition.
fn filled_in(text: &str) -> String {
    text.replace("$$$$CPUSHARE$$$$", "1024")
}

/// Two samples are wrong: with `awsvpc` a host port is the container port or none.
const REFUSED: [(&str, &str, i64); 2] =
    [("kibana_ec2.json", "kibana", 5_601), ("tomcat_ec2.json", "tomcat-webserver", 8_080)];

#[test]
fn every_published_sample_loads_but_the_two_that_aws_refuses() {
    let Some(folder) = folder() else { return };
    let (mut loaded, mut refused) = (0, 0);
    for group in ["aws-containers", "ecs-agent"] {
        for entry in std::fs::read_dir(folder.join(group)).unwrap() {
            let path = entry.unwrap().path();
            let text = filled_in(&std::fs::read_to_string(&path).unwrap());
            match TaskDefinition::from_json(&text, &Rules::default()) {
                Ok(definition) => {
                    let again = serde_json::to_string(&definition).unwrap();
                    let again = TaskDefinition::from_json(&again, &Rules::default());
                    assert_eq!(again, Ok(definition), "{path:?} changes when written");
                    loaded += 1;
                }
                Err(error) => {
                    let sample = REFUSED.iter().find(|(name, ..)| path.ends_with(name));
                    let &(_, container, container_port) =
                        sample.unwrap_or_else(|| panic!("{path:?}: {error}"));
                    assert_eq!(error.container.as_deref(), Some(container));
                    assert_eq!(error.field, "portMappings.hostPort");
                    let mode = "awsvpc";
                    let ports = Problem::PortsDiffer { mode, host_port: 80, container_port };
                    assert_eq!(error.problem, ports);
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((loaded, refused), (35, 2));
}

#[test]
fn a_sample_needs_what_the_agent_would_subtract() {
    let Some(folder) = folder() else { return };
    let needs = |path: &str| {
        let text = std::fs::read_to_string(folder.join(path)).unwrap();
        TaskDefinition::from_json(&text, &Rules::default()).unwrap().requirements()
    };
    let jetty = needs("aws-containers/jetty_fargate.json");
    assert_eq!((jetty.resources, jetty.enis), (Resources::new(512, 1_024), 1));
    // Soft 128, hard 256: the soft one counts.
    assert_eq!(needs("ecs-agent/task-efs-vol-read.json").resources, Resources::new(10, 128));
    assert_eq!(needs("ecs-agent/nvidia-gpu.json").gpus, 1);
    // No container sizes at all: the task's.
    assert_eq!(needs("ecs-agent/oom-task.json").resources, Resources::new(1, 64));
}

#[test]
fn unknown_fields_are_kept_and_wrong_ones_refused() {
    let text = r#"{"family": "web", "containerDefinitions": [{"name": "web", "image": "nginx",
        "memory": 64, "environment": [{"name": "A", "value": "1"}]}], "cpu": "1 vCPU"}"#;
    let definition = TaskDefinition::from_json(text, &Rules::default()).unwrap();
    assert_eq!(definition.cpu, Some(1_024));
    let container = &definition.container_definitions[0];
    assert_eq!(container.other["environment"][0]["name"], "A");
    let wrong = text.replace("\"1 vCPU\"", "\"lots\"");
    let error = TaskDefinition::from_json(&wrong, &Rules::default()).unwrap_err();
    assert!(error.to_string().contains("invalid 'cpu' setting: \\\"lots\\\""), "{error}");
    let wrong = text.replace("\"memory\": 64", "\"memory\": -64");
    let error = TaskDefinition::from_json(&wrong, &Rules::default()).unwrap_err().to_string();
    assert!(error.starts_with("container 'web': 'memory': -64: at least 6"), "{error}");
}
