//! The two paths of the exact choice give the same answers, over fleets that
//! hold every kind of node at every place in a register.

use crate::placement::class::{Scale, Shape};
use crate::placement::lanes::{Lanes, Weights};
use crate::placement::node::NodeSpec;
use crate::placement::word::{Free, MAX_INSTANCES, Spec};
use crate::resources::Resources;
use crate::rng::Rng;

const UNIT: Resources = Resources::new(32_000, 65_536);
const EVERY: [Weights; 4] =
    [Weights::CPU, Weights::MEMORY, Weights::INSTANCES, Weights::shares_of(UNIT)];

fn amount(draws: &mut Rng) -> u32 {
    let range =
        [4, 70_000, u64::from(Resources::MAX) + 1][usize::try_from(draws.below(3)).unwrap()];
    u32::try_from(draws.below(range)).unwrap()
}

fn word(draws: &mut Rng) -> u64 {
    let free = Resources::new(amount(draws), amount(draws));
    let amounts = Free::all_of(Spec::new(NodeSpec::new(free, 0))).to_bits();
    let most = u64::from(MAX_INSTANCES);
    amounts | [0, 1, most - 1, most][usize::try_from(draws.below(4)).unwrap()]
}

#[test]
fn both_paths_choose_count_and_find_the_same() {
    let best = Lanes::detect();
    let mut draws = Rng::stream(5, 0);
    let scale = Scale::new(Shape::FLEET, Spec::new(NodeSpec::new(UNIT, 0)));
    let mut found = 0;
    for round in 0..4_000 {
        let words: Vec<u64> = (0..round % 23).map(|_| word(&mut draws)).collect();
        let needed = match round % 50 {
            0 => Resources::new(u32::MAX, 0),
            1 => Resources::new(0, Resources::MAX + 1),
            _ => Resources::new(amount(&mut draws), amount(&mut draws)),
        };
        let first = u32::try_from(draws.below(1_000)).unwrap();
        for weights in EVERY {
            let least = |lanes: Lanes| lanes.least(first, &words, needed, weights, |word| *word);
            assert_eq!(least(best), least(Lanes::Portable), "{words:x?} {needed} {weights:?}");
            found += u32::from(!least(best).is_none());
        }
        let tally = |lanes: Lanes| lanes.tally(&words, needed, |word| *word);
        assert_eq!(tally(best), tally(Lanes::Portable), "{words:x?} {needed}");
        let bounds = scale.bounds(scale.cell(needed));
        let any = |lanes: Lanes| lanes.any_within(&words, bounds, |word| *word);
        assert_eq!(any(best), any(Lanes::Portable), "{words:x?} {bounds:?}");
    }
    assert!(found > 1_000, "too few fleets with room: {found}");
}
