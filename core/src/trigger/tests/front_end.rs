//! A front end refuses by itself what comes too fast.

use super::at;
use crate::concurrency::Rate;
use crate::time::Duration;
use crate::trigger::FrontEnd;

#[test]
fn a_burst_passes_and_then_the_rate() {
    let door = FrontEnd::new(FrontEnd::API_GATEWAY).unwrap();
    let passed = |seconds| (0..20_000).filter(|_| door.admit(at(seconds)).is_ok()).count();
    assert_eq!(passed(0), 5_000);
    assert_eq!(passed(1), 5_000, "the bucket holds no more, though 10,000 are a second's");
    let refused = door.admit(at(1)).unwrap_err();
    assert_eq!(refused.retry_after, Duration::from_nanos(100_000));
    assert_eq!(refused.to_string(), "429 Too Many Requests: the next one in 0.0001 s");
}

#[test]
fn a_rate_that_is_none_is_refused_and_the_one_before_stays() {
    let one = Rate { count: 1, per: Duration::from_secs(1), burst: 1 };
    assert!(FrontEnd::new(Rate { count: 0, ..one }).is_err());
    let door = FrontEnd::new(one).unwrap();
    assert!(door.set_rate(Rate { burst: 0, ..one }).is_err());
    assert!(door.admit(at(0)).is_ok() && door.admit(at(0)).is_err());
    door.set_rate(Rate { burst: 3, ..one }).unwrap();
    assert!(door.admit(at(0)).is_ok());
}
