//! The token bucket against arithmetic that is obviously right.

use crate::concurrency::{Rate, RateError, TokenBucket};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

const MS: u64 = 1_000_000;

fn ms(at: u64) -> Instant {
    Instant::from_nanos(at * MS)
}

/// Tokens as a fraction: parts of `count` in each nanosecond of a token that
/// is `per` parts large.
struct Plain {
    rate: Rate,
    parts: u128,
    last: u64,
}

impl Plain {
    fn new(rate: Rate) -> Self {
        let full = u128::from(rate.burst) * u128::from(rate.per.as_nanos());
        Self { rate, parts: full, last: 0 }
    }

    fn take(&mut self, now: Instant) -> bool {
        let token = u128::from(self.rate.per.as_nanos());
        let gained = u128::from(now.as_nanos() - self.last) * u128::from(self.rate.count);
        self.parts = (self.parts + gained).min(u128::from(self.rate.burst) * token);
        self.last = now.as_nanos();
        let has = self.parts >= token;
        self.parts -= if has { token } else { 0 };
        has
    }
}

#[test]
fn a_thousand_environments_at_once_then_one_each_ten_milliseconds() {
    let bucket = TokenBucket::new(Rate::LAMBDA_SCALING).unwrap();
    assert_eq!((0..2_000).filter(|_| bucket.take(ms(0)).is_ok()).count(), 1_000);
    assert_eq!(bucket.take(ms(4)), Err(Duration::from_millis(6)));
    assert_eq!(bucket.take(ms(10)), Ok(()));
    assert_eq!(bucket.take(ms(10)), Err(Duration::from_millis(10)));
    // 10 s later another thousand, and no more after an hour.
    for at in [10_010, 3_600_000] {
        assert_eq!((0..2_000).filter(|_| bucket.take(ms(at)).is_ok()).count(), 1_000);
    }
}

#[test]
fn no_window_of_ten_seconds_lets_more_in_than_a_burst_and_its_refill() {
    // A fixed window would let 2,000 in within an instant of its edge.
    let bucket = TokenBucket::new(Rate::LAMBDA_SCALING).unwrap();
    let takes = (0..40_000).filter(|&at| bucket.take(ms(at)).is_ok()).collect::<Vec<_>>();
    for (first, &from) in takes.iter().enumerate() {
        let within = takes[first..].iter().take_while(|&&at| at < from + 10_000).count();
        assert!(within <= 1_000 + 1_000, "{within} from {from} ms on");
    }
    assert_eq!(takes.len(), 1_000 + 40_000 / 10 - 1);
}

#[test]
fn the_old_regional_burst_refills_by_500_a_minute() {
    let bucket = TokenBucket::new(Rate::lambda_scaling_2019(3_000)).unwrap();
    let take_all = |at| (0..5_000).filter(|_| bucket.take(ms(at)).is_ok()).count();
    assert_eq!([take_all(0), take_all(60_000), take_all(120_000)], [3_000, 500, 500]);
    assert_eq!(take_all(1_000 * 60_000), 3_000);
}

#[test]
fn it_is_the_plain_bucket_wherever_the_interval_is_whole() {
    let per = Duration::from_secs(1);
    for (count, burst) in [(1, 1), (10, 3), (1_000, 1_000), (8, 1), (500_000, 7)] {
        let rate = Rate { count, per, burst };
        let (bucket, mut plain) = (TokenBucket::new(rate).unwrap(), Plain::new(rate));
        let mut rng = Rng::stream(7, u64::from(count));
        let (mut now, interval) = (0_u64, 1_000_000_000 / u64::from(count));
        for _ in 0..20_000 {
            // About one interval a step, often none, sometimes many; to the instant.
            now += match rng.next_u64() % 8 {
                0..=2 => 0,
                3 | 4 => interval,
                5 | 6 => rng.next_u64() % (2 * interval),
                _ => rng.next_u64() % (20 * interval),
            };
            let at = Instant::from_nanos(now);
            assert_eq!(bucket.look(at).is_ok(), bucket.tokens(at) != Some(0));
            let (tokens, looked) = (bucket.tokens(at), bucket.look(at));
            let taken = bucket.take(at);
            assert_eq!(taken.is_ok(), plain.take(at), "{rate:?} at {now}");
            assert_eq!(taken, looked);
            let left = tokens.map(|tokens| tokens - u64::from(taken.is_ok()));
            assert_eq!(bucket.tokens(at), left);
        }
    }
}

#[test]
fn an_interval_that_is_not_whole_is_never_too_fast() {
    let rate = Rate { count: 3, per: Duration::from_secs(1), burst: 1 };
    let (bucket, mut plain) = (TokenBucket::new(rate).unwrap(), Plain::new(rate));
    for third in 0..3_000 {
        let at = Instant::from_nanos(third * 333_333_334);
        assert_eq!((bucket.take(at), plain.take(at)), (Ok(()), true));
        let early = Instant::from_nanos(at.as_nanos() + 333_333_333);
        assert_eq!(bucket.take(early), Err(Duration::from_nanos(1)));
    }
}

#[test]
fn what_a_refusal_says_to_wait_is_enough_and_no_more() {
    let bucket =
        TokenBucket::new(Rate { count: 7, per: Duration::from_secs(1), burst: 2 }).unwrap();
    for at in [0, 0] {
        bucket.take(ms(at)).unwrap();
    }
    let wait = bucket.take(ms(1)).unwrap_err();
    let at = ms(1).after(wait);
    assert!(bucket.look(Instant::from_nanos(at.as_nanos() - 1)).is_err());
    assert_eq!(bucket.take(at), Ok(()));
}

#[test]
fn time_that_goes_back_gains_nothing() {
    let rate = Rate { count: 1, per: Duration::from_millis(10), burst: 2 };
    let bucket = TokenBucket::new(rate).unwrap();
    assert_eq!([bucket.take(ms(100)), bucket.take(ms(100))], [Ok(()); 2]);
    for at in [0, 50, 99, 100] {
        assert!(bucket.take(ms(at)).is_err());
        assert_eq!(bucket.tokens(ms(at)), Some(0));
    }
    // A clock that is a millisecond behind waits for a millisecond more.
    assert_eq!(bucket.take(ms(200)), Ok(()));
    assert_eq!(bucket.take(ms(199)), Err(Duration::from_millis(1)));
    assert_eq!(bucket.take(ms(200)), Ok(()));
}

#[test]
fn a_rate_can_be_set_and_lifted() {
    let bucket = TokenBucket::unlimited();
    assert_eq!((bucket.take(ms(0)), bucket.tokens(ms(0))), (Ok(()), None));
    let rate = |count| Rate::per_second(count).unwrap();
    bucket.set(Some(rate(10))).unwrap();
    for _ in 0..5 {
        bucket.take(ms(0)).unwrap();
    }
    assert_eq!(bucket.tokens(ms(0)), Some(5));
    // A second's worth stays a second's worth: half of it is there.
    bucket.set(Some(rate(100))).unwrap();
    assert_eq!(bucket.tokens(ms(0)), Some(50));
    bucket.set(None).unwrap();
    assert_eq!(bucket.look(ms(0)), Ok(()));
}

#[test]
fn what_is_out_of_range_is_refused_and_changes_nothing() {
    let bucket = TokenBucket::new(Rate::LAMBDA_SCALING).unwrap();
    let per = Duration::from_nanos(5);
    for (rate, error) in [
        (Rate { count: 0, per, burst: 1 }, RateError::Count { count: 0, per }),
        (Rate { count: 6, per, burst: 1 }, RateError::Count { count: 6, per }),
        (Rate { count: 1, per, burst: 0 }, RateError::Burst { burst: 0 }),
        (Rate { count: 1, per: Duration::MAX, burst: 2 }, RateError::Burst { burst: 2 }),
    ] {
        assert_eq!(bucket.set(Some(rate)), Err(error));
        assert_eq!(bucket.tokens(ms(0)), Some(1_000));
    }
    assert_eq!(Rate::per_second(0), None);
    assert_eq!(Rate::per_second(u64::MAX).unwrap().check(), Ok(()));
    assert!(RateError::Burst { burst: 0 }.to_string().starts_with("a burst of 0"));
}

#[test]
fn the_end_of_time_is_refused_and_does_not_wrap() {
    let rate = Rate { count: 1, per: Duration::from_secs(1), burst: 4 };
    let bucket = TokenBucket::new(rate).unwrap();
    let end = Instant::from_nanos(u64::MAX - 1_500_000_000);
    assert_eq!(bucket.take(end), Ok(()));
    assert_eq!(bucket.take(end), Err(Duration::MAX));
    assert_eq!(bucket.take(Instant::MAX), Err(Duration::MAX));
}
