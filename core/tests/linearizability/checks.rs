//! The checker itself: small histories against every order there is.

use warmstow_core::rng::Rng;

use super::checker::{Object, check};
use super::history::{Call, Done};
use super::objects::{Idle, Limit, Vacant};

const ONE: Limit = Limit { functions: 1, limit: 1, is_account: true };
const IDLE: Idle = Idle { function: 0, judges: false };

const IN: Done = Done::Cold { function: 0, slot: 0 };
const OUT: Done = Done::Completed { function: 0, slot: 0 };
const WARM: Done = Done::Warm { function: 0, slot: 0 };
const REFUSED: Done = Done::Throttled { function: 0 };

const fn call(from: u64, to: u64, done: Done) -> Call {
    Call { from, to, done }
}

fn holds<O: Object>(object: &O, logs: &[Vec<Call>]) -> bool {
    check(object, logs).is_ok()
}

#[test]
fn a_refusal_needs_a_moment_at_the_limit() {
    let held = vec![call(0, 9, IN), call(20, 29, OUT)];
    for (from, to, exact) in [(10, 19, true), (4, 5, true), (24, 99, true), (30, 31, false)] {
        let refused = vec![call(from, to, REFUSED)];
        assert_eq!(holds(&ONE, &[held.clone(), refused]), exact, "{from} to {to}");
    }
}

#[test]
fn a_refusal_below_the_limit_needs_that_it_is_being_lowered() {
    for lowers in [false, true] {
        let set = vec![call(10, 19, Done::Limited { unreserved: 1, lowers })];
        for (from, to, meets) in [(11, 12, true), (5, 15, true), (18, 30, true), (0, 9, false)] {
            let exact = holds(&ONE, &[set.clone(), vec![call(from, to, REFUSED)]]);
            assert_eq!(exact, lowers && meets, "{from} to {to}");
        }
        assert!(!holds(&ONE, &[set, vec![call(20, 29, REFUSED)]]));
    }
}

#[test]
fn two_admissions_to_one_unit_need_a_release_between_them() {
    let released = vec![call(0, 9, IN), call(20, 29, OUT)];
    assert!(holds(&ONE, &[released.clone(), vec![call(0, 25, IN)]]));
    assert!(!holds(&ONE, &[released, vec![call(0, 19, IN)]]));
}

#[test]
fn one_release_does_not_explain_two_refusals_of_which_it_parts_an_admission() {
    // The refusal comes before the release, the admission after it.
    let held = vec![call(0, 9, IN), call(20, 59, OUT)];
    let refused_then_in = vec![call(30, 39, REFUSED), call(40, 49, IN)];
    assert!(holds(&ONE, &[held.clone(), refused_then_in]));
    let in_then_out_then_refused = vec![call(30, 39, IN), call(40, 44, OUT), call(45, 49, REFUSED)];
    assert!(!holds(&ONE, &[held, in_then_out_then_refused]));
}

#[test]
fn a_cold_start_beside_an_idle_instance_is_wrong_unless_a_reap_may_hide_it() {
    let idle = vec![call(0, 9, IN), call(10, 19, OUT)];
    let cold = vec![call(20, 29, Done::Cold { function: 0, slot: 1 })];
    assert!(!holds(&IDLE, &[idle.clone(), cold.clone()]));
    let looking = vec![call(15, 25, Done::Reaped { function: 0, slot: None })];
    let judging = Idle { judges: true, ..IDLE };
    assert!(!holds(&IDLE, &[idle.clone(), cold.clone(), looking.clone()]));
    assert!(holds(&judging, &[idle.clone(), cold.clone(), looking]));
    let looked = vec![call(10, 19, Done::Reaped { function: 0, slot: None })];
    assert!(!holds(&judging, &[idle, cold, looked]));
}

#[test]
fn a_slot_is_given_once() {
    let vacant = Vacant { function: 0, slots: 2 };
    let stopped = Done::Stopped { function: 0, slot: 0 };
    assert!(holds(&vacant, &[vec![call(0, 1, IN), call(2, 3, stopped), call(4, 5, IN)]]));
    assert!(!holds(&vacant, &[vec![call(0, 1, IN), call(4, 5, IN)]]));
}

/// Every order of the calls that respects who came before whom.
fn brute_force<O: Object>(object: &O, calls: &[Call], state: u64) -> bool {
    let concerned: Vec<_> = calls.iter().filter(|call| object.concerns(&call.done)).collect();
    let first_response = concerned.iter().map(|call| call.to).min();
    let Some(first_response) = first_response else { return true };
    concerned.iter().filter(|call| call.from < first_response).any(|next| {
        let rest: Vec<_> =
            concerned.iter().filter(|call| !core::ptr::eq(**call, *next)).map(|c| **c).collect();
        let after = object.after(state, &next.done, 0);
        after.is_some_and(|after| brute_force(object, &rest, after))
    })
}

/// Three threads of up to three calls, at any moments.
fn random_history(rng: &mut Rng) -> Vec<Vec<Call>> {
    let kinds = [IN, OUT, WARM, REFUSED, Done::Limited { unreserved: 2, lowers: false }];
    (0..3)
        .map(|thread| {
            let mut moment = 0;
            let count = rng.below(4);
            (0..count)
                .map(|_| {
                    // Invocations are even, responses odd; settings have one owner.
                    let from = moment + 2 * rng.below(6);
                    let to = from + 1 + 2 * rng.below(6);
                    moment = to + 1;
                    let most = if thread == 0 { 5 } else { 4 };
                    call(from, to, kinds[rng.below(most) as usize])
                })
                .collect()
        })
        .collect()
}

#[test]
fn the_checker_agrees_with_every_order_there_is() {
    let mut rng = Rng::new(7);
    let mut seen = [[0_u32; 2]; 2];
    for _ in 0..20_000 {
        let logs = random_history(&mut rng);
        let calls: Vec<_> = logs.concat();
        let expected =
            [brute_force(&ONE, &calls, ONE.initial()), brute_force(&IDLE, &calls, IDLE.initial())];
        assert_eq!([holds(&ONE, &logs), holds(&IDLE, &logs)], expected, "{logs:?}");
        for (seen, expected) in seen.iter_mut().zip(expected) {
            seen[usize::from(expected)] += 1;
        }
    }
    assert!(seen.iter().flatten().all(|&count| count > 500), "one-sided: {seen:?}");
}
