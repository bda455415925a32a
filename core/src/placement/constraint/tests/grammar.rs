//! What is no expression, and where.

use super::super::{Expression, MAX_DEPTH, MAX_EXPRESSION};
use super::{Fault, refused};

#[test]
fn an_error_names_the_first_character_that_cannot_be_read() {
    assert_eq!(refused(""), (0, Fault::Expected("a subject, `!` or `(`")));
    assert_eq!(refused("cpu == 1").0, 0);
    assert_eq!(refused("agentConnectedx == true").0, 0);
    assert_eq!(refused("agentConnected true"), (15, Fault::Expected("an operator")));
    assert_eq!(refused("agentConnected inside [true]").0, 15);
    assert_eq!(refused("agentConnected =="), (17, Fault::Expected("a value")));
    assert_eq!(refused("agentConnected == yes"), (18, Fault::Expected("`true` or `false`")));
    assert_eq!(refused("agentVersion == one").0, 16);
    assert_eq!(refused("runningTasksCount == -1").0, 21);
    assert_eq!(refused("registeredAt == 2018-02-30").0, 16);
    assert_eq!(refused("registeredAt == date(2018-02-03").0, 31);
    assert_eq!(refused("attribute:x in y"), (15, Fault::Expected("a list in `[` and `]`")));
    assert_eq!(refused("attribute:x in []"), (16, Fault::Expected("a value")));
    assert_eq!(refused("attribute:x in [a, ]"), (19, Fault::Expected("a value")));
    assert_eq!(refused("attribute:x in [a b]"), (18, Fault::Expected("`,` or `]`")));
    assert_eq!(refused("attribute:x == 'a"), (17, Fault::Expected("a closing quote")));
    assert_eq!(refused("attribute:x =~ [a"), (15, Fault::Pattern));
    assert_eq!(refused("attribute:x =~ 'a)(b'"), (15, Fault::Pattern));
    assert_eq!(refused("attribute:x =~ (?=a)"), (15, Fault::Pattern));
    assert_eq!(refused("attribute: exists"), (10, Fault::AttributeName));
    assert_eq!(refused("attribute:é exists").0, 10);
    assert_eq!(refused("attribute:x exists y"), (19, Fault::Expected("`and`, `or` or the end")));
    assert_eq!(refused("(attribute:x exists"), (19, Fault::Expected("`and`, `or` or `)`")));
    assert_eq!(refused("attribute:x exists and"), (22, Fault::Expected("a subject, `!` or `(`")));
    assert_eq!(refused("attribute:x == 'é' or"), (21, Fault::Expected("a subject, `!` or `(`")));
}

#[test]
fn each_subject_takes_only_the_operators_that_the_guide_lists() {
    let wrong = [
        "agentConnected > true",
        "agentConnected exists",
        "agentVersion in [1.2]",
        "agentVersion =~ 1.*",
        "ec2InstanceId <= i-1",
        "registeredAt !~ 2018",
        "runningTasksCount in [1]",
        "runningTasksCount exists",
        "task:group >= a",
    ];
    for text in wrong {
        let (at, fault) = refused(text);
        assert!(matches!(fault, Fault::Operator { .. }), "{text}: {fault:?}");
        assert_eq!(at, text.find(' ').unwrap() + 1, "{text}");
    }
    let error = Expression::parse("task:group > a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "at character 11: `task:group` takes only `==`, `!=`, `in`, `!in`, `=~` and `!~`"
    );
}

#[test]
fn the_longest_expression_has_2000_characters() {
    let of = |length: usize| format!("attribute:x == '{}'", "é".repeat(length - 17));
    assert!(Expression::parse(&of(MAX_EXPRESSION)).is_ok());
    assert_eq!(refused(&of(2_001)), (2_000, Fault::TooLong { characters: 2_001 }));
}

#[test]
fn nesting_ends_where_the_stack_is_still_deep_enough() {
    let depth = usize::try_from(MAX_DEPTH).unwrap();
    let of = |depth| format!("{}attribute:x exists{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Expression::parse(&of(depth)).is_ok());
    assert_eq!(refused(&of(depth + 1)), (depth, Fault::TooDeep));
    assert_eq!(refused(&"!".repeat(2_000)), (depth, Fault::TooDeep));
}

#[test]
fn a_pattern_takes_bounded_memory() {
    assert_eq!(refused("attribute:x =~ (a{1000}){1000}"), (15, Fault::Pattern));
}

#[test]
fn equal_texts_are_equal_expressions() {
    let one = Expression::parse("attribute:x exists").unwrap();
    assert_eq!(one, one.clone());
    assert_ne!(one, Expression::parse("attribute:x  exists").unwrap());
    assert_eq!(format!("{one} {one:?}"), "attribute:x exists Expression(\"attribute:x exists\")");
}
