//! What is a problem, what is none, and what is wrong with a packing.

use alloc::string::ToString;
use alloc::vec;

use super::super::{Flaw, MAX_AMOUNT, MAX_COST, MAX_DIMENSIONS, MAX_ITEMS, ProblemError};
use super::{BinKind, Item, Problem, packed, simple};

#[test]
fn what_cannot_hold_is_named_with_its_limit() {
    let kind = || BinKind::new(vec![10, 10]);
    let item = || Item::new(vec![1, 2]);
    let error = |kinds, items: &[Item]| Problem::new(kinds, items).unwrap_err();

    assert_eq!(error(vec![], &[]), ProblemError::Kinds { kinds: 0 });
    let wide = BinKind::new(vec![1; MAX_DIMENSIONS + 1]);
    assert_eq!(error(vec![wide], &[]), ProblemError::Dimensions { dimensions: 33 });
    assert_eq!(
        error(vec![kind(), BinKind::new(vec![1])], &[]),
        ProblemError::KindDimensions { kind: 1, found: 1, expected: 2 }
    );
    assert_eq!(
        error(vec![BinKind::new(vec![1, -1])], &[]),
        ProblemError::Capacity { kind: 0, amount: -1 }
    );
    let dear = BinKind { cost: MAX_COST + 1, ..kind() };
    assert_eq!(error(vec![dear], &[]), ProblemError::Cost { kind: 0, cost: MAX_COST + 1 });
    let flat = Item::new(vec![1]);
    assert_eq!(
        error(vec![kind()], &[item(), flat]),
        ProblemError::ItemDimensions { item: 1, found: 1, expected: 2 }
    );
    let huge = Item::new(vec![1, MAX_AMOUNT + 1]);
    assert_eq!(
        error(vec![kind()], &[huge]),
        ProblemError::Size { item: 0, amount: MAX_AMOUNT + 1 }
    );
    let none = Item { choices: vec![], ..item() };
    assert_eq!(error(vec![kind()], &[none]), ProblemError::Choices { item: 0, choices: 0 });
    let lost = Item { kinds: Some(vec![0, 1]), ..item() };
    assert_eq!(
        error(vec![kind()], &[lost]),
        ProblemError::UnknownKind { item: 0, kind: 1, kinds: 1 }
    );
    let many = Item { demand: u32::MAX, ..item() };
    let refused = error(vec![kind()], &[many]);
    assert_eq!(refused, ProblemError::TooManyItems { items: u32::MAX as usize });
    assert_eq!(
        refused.to_string(),
        alloc::format!("there are 4294967295 items, above the limit, {MAX_ITEMS}")
    );
}

#[test]
fn every_flaw_of_a_packing_is_found() {
    let kinds = vec![
        BinKind { count: Some(1), ..BinKind::new(vec![10]) },
        BinKind { cost: 3, ..BinKind::new(vec![20]) },
    ];
    let only_large = Item { kinds: Some(vec![1]), ..Item::new(vec![4]) };
    let items = [Item::new(vec![6]), Item::new(vec![6]), only_large];
    let problem = Problem::new(kinds, &items).unwrap();
    let (good, _) = packed(problem.clone(), 10_000);
    assert_eq!(good.verify(&problem), Ok(()));

    let mut over = good.clone();
    over.bins[0].kind = 0;
    assert!(over.verify(&problem).is_err());
    let mut twice = good.clone();
    twice.unplaced.push(0);
    assert_eq!(twice.verify(&problem), Err(Flaw::Places { unit: 0, places: 2 }));
    let mut cheap = good.clone();
    cheap.cost -= 1;
    assert_eq!(cheap.verify(&problem), Err(Flaw::Cost));
    let mut unknown = good;
    unknown.bins[0].units[0].1 = 1;
    assert_eq!(unknown.verify(&problem), Err(Flaw::Unknown { bin: 0 }));
}

#[test]
fn units_are_numbered_in_the_order_of_the_items() {
    let items = [Item { demand: 2, ..Item::new(vec![1]) }, Item::new(vec![2])];
    let problem = Problem::new(vec![BinKind::new(vec![4])], &items).unwrap();
    assert_eq!(problem.units(), 3);
    assert_eq!((0..3).map(|unit| problem.item_of(unit)).collect::<vec::Vec<_>>(), [0, 0, 1]);
    assert_eq!(problem.size(2, 0), [2]);
}

#[test]
fn nothing_to_pack_needs_no_bin_and_is_done_at_once() {
    let (none, mut packer) = packed(simple(&[1], &[]), 1_000);
    assert!(none.bins.is_empty() && none.unplaced.is_empty());
    assert!(!packer.advance(1));
    assert_eq!(packer.lower_bound(), 0);
}
