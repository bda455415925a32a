//! What expressions say about a node.

use super::holds;

#[test]
fn the_examples_of_the_guide_are_understood() {
    assert!(!holds("attribute:ecs.instance-type == t2.small"));
    assert!(holds("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]"));
    assert!(holds(
        "attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d"
    ));
    assert!(holds("task:group == service:production"));
    assert!(holds("not(task:group == database)"));
    assert!(!holds("runningTasksCount == 1"));
    assert!(holds("ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']"));
}

#[test]
fn and_binds_closer_than_or() {
    let (yes, no) = ("agentConnected == false", "agentConnected == true");
    assert!(holds(&format!("{yes} or {no} and {no}")));
    assert!(!holds(&format!("({yes} or {no}) and {no}")));
    assert!(holds(&format!("{no} && {no} || {yes}")));
    assert!(!holds(&format!("!{no} && {no}")));
    assert!(holds(&format!("!({no} && {no})")));
    assert!(holds(&format!("! not {yes}")));
}

#[test]
fn every_operator_has_a_sign_and_a_word() {
    let pairs = [
        ("==", "equals", false),
        ("!=", "not_equals", true),
        (">", "greater_than", false),
        (">=", "greater_than_equal", false),
        ("<", "less_than", true),
        ("<=", "less_than_equal", true),
    ];
    for (sign, word, answer) in pairs {
        assert_eq!(holds(&format!("runningTasksCount {sign} 3")), answer, "{sign}");
        assert_eq!(holds(&format!("runningTasksCount {word} 3")), answer, "{word}");
        assert_eq!(holds(&format!("runningTasksCount{sign}3")), answer, "{sign}");
    }
    let arguments = [
        ("!in", "not_in", "[8]", "in"),
        ("!~", "not_matches", "[0-9]", "=~"),
        ("!~", "not_matches", "8", "matches"),
    ];
    for (sign, word, argument, positive) in arguments {
        assert!(holds(&format!("attribute:cores {positive} {argument}")), "{positive}");
        assert!(!holds(&format!("attribute:cores {sign} {argument}")), "{sign}");
        assert!(!holds(&format!("attribute:cores {word} {argument}")), "{word}");
    }
    assert!(holds("attribute:flag exists and attribute:none !exists"));
    assert!(holds("attribute:none not_exists"));
}

#[test]
fn what_is_not_there_fails_each_test_and_passes_its_negation() {
    for test in ["== x", "> 1", "< 1", "in [x]", "=~ .*", "== ''"] {
        assert!(!holds(&format!("attribute:none {test}")), "{test}");
        assert!(holds(&format!("!attribute:none {test}")), "{test}");
    }
    assert!(holds("attribute:none != x and attribute:none !in [x] and attribute:none !~ x"));
    assert!(holds("attribute:flag == '' and attribute:flag != x"));
}

#[test]
fn attributes_compare_as_numbers_where_both_sides_are() {
    assert!(holds("attribute:cores < 10 and attribute:cores >= 8.0 and attribute:cores > -1"));
    assert!(holds("attribute:cores > 10x"), "as text");
    assert!(holds("attribute:cores == 8 and attribute:cores != 8.0"), "equality is of text");
}

#[test]
fn the_agent_version_orders_as_a_version() {
    assert!(holds("agentVersion > 1.9.0 and agentVersion < 1.100 and agentVersion == 1.14.1.0"));
    assert!(holds("agentVersion != 1.14 and agentVersion >= 1.14.1 and agentVersion <= 1.14.1"));
}

#[test]
fn the_agent_connection_takes_the_operators_of_text() {
    assert!(holds(
        "agentConnected != true and agentConnected in [false] and agentConnected =~ f.*"
    ));
}

#[test]
fn dates_have_every_form_of_the_guide() {
    for date in [
        "2018-06-18T22:28:28+00:00",
        "2018-06-18T22:28:28Z",
        "2018-06-18T22:28:28",
        "'2018-06-18T22:28:28'",
    ] {
        assert!(holds(&format!("registeredAt == {date}")), "{date}");
        assert!(holds(&format!("registeredAt >= date({date})")), "{date}");
        assert!(!holds(&format!("registeredAt > date( {date} )")), "{date}");
    }
    assert!(holds("registeredAt > 2018-06-18 and registeredAt < 2018-06-19"));
}

#[test]
fn a_task_group_is_there_or_not() {
    assert!(holds("task:group in [family:batch, x] and task:group =~ service:.*"));
    assert!(!holds("task:group != family:batch"));
    assert!(holds("task:group != family:other and task:group !~ .*database.*"));
}

#[test]
fn a_pattern_matches_the_whole_value() {
    assert!(!holds("attribute:ecs.instance-type =~ g2"));
    assert!(holds("attribute:ecs.instance-type =~ (g2|p3)\\.[0-9]?xlarge"));
    assert!(holds("attribute:ecs.instance-type =~ '(?i)G2.*'"));
    assert!(holds("(attribute:ecs.instance-type =~ g2[.)].*)"));
    assert!(holds("attribute:ecs.instance-type =~ x|g2.2xlarge and attribute:cores !~ \\D"));
}
