//! Policies as text.

use crate::function::keep_alive::{KeepAlivePolicy, ParsePolicyError};
use crate::time::Duration;

fn parse(text: &str) -> Result<KeepAlivePolicy, ParsePolicyError> {
    text.parse()
}

#[test]
fn each_policy_has_a_name() {
    let fixed = |keep_alive| Ok(KeepAlivePolicy::Fixed { keep_alive });
    assert_eq!(parse("fixed"), fixed(Duration::from_secs(600)));
    assert_eq!(parse("fixed:1.5s"), fixed(Duration::from_millis(1_500)));
    assert_eq!(parse("fixed:250ms"), fixed(Duration::from_millis(250)));
    assert_eq!(parse("fixed:2m"), fixed(Duration::from_secs(120)));
    assert_eq!(parse("fixed:1h"), fixed(Duration::from_secs(3_600)));
    assert_eq!(parse("fixed:0s"), fixed(Duration::ZERO));
    assert_eq!(parse("histogram"), Ok(KeepAlivePolicy::Histogram));
    assert_eq!(parse("greedy-dual"), Ok(KeepAlivePolicy::GreedyDual));
    assert_eq!(parse("lru"), Ok(KeepAlivePolicy::Lru { keep_alive: Duration::MAX }));
    let ten_minutes = Duration::from_secs(600);
    assert_eq!(parse("lru:10m"), Ok(KeepAlivePolicy::Lru { keep_alive: ten_minutes }));
    assert_eq!(parse("adaptive"), Ok(KeepAlivePolicy::Adaptive { gb_seconds: 100.0 }));
    assert_eq!(parse("adaptive:2.5"), Ok(KeepAlivePolicy::Adaptive { gb_seconds: 2.5 }));
}

#[test]
fn what_is_written_reads_the_same() {
    for text in ["fixed:0.25s", "histogram", "greedy-dual", "lru", "lru:600s", "adaptive:2.5"] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_policy_says_why() {
    for text in ["", "fix", "Fixed", "none", "fixed 600s"] {
        assert_eq!(parse(text), Err(ParsePolicyError::Name), "{text:?}");
    }
    for text in ["histogram:4h", "greedy-dual:1"] {
        assert_eq!(parse(text), Err(ParsePolicyError::NoValue), "{text:?}");
    }
    let times = ["fixed:", "fixed:600", "fixed:-1s", "fixed:NaNs", "fixed:infs", "lru:1d", "lru:s"];
    for text in times {
        assert_eq!(parse(text), Err(ParsePolicyError::Time), "{text:?}");
    }
    for text in ["adaptive:", "adaptive:0", "adaptive:-3", "adaptive:NaN", "adaptive:2e9"] {
        assert_eq!(parse(text), Err(ParsePolicyError::GbSeconds), "{text:?}");
    }
    let refusal = parse("adaptive:0").unwrap_err().to_string();
    assert_eq!(
        refusal,
        "needs the GB-seconds that a cold start is worth, above 0 and at most 1000000000"
    );
}
