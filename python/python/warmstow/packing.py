"""Offline packing: all items are known, and are to go into few bins, or cheap ones.

:func:`pack` searches for a while and proves a lower bound meanwhile. Amounts
are whole numbers, in whatever unit each dimension has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warmstow import _warmstow
from warmstow.searching import search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["BinKind", "Item", "PackedBin", "Packing", "pack"]


@dataclass(frozen=True, slots=True)
class BinKind:
    """A kind of bin."""

    capacity: tuple[int, ...]
    """What each has in each dimension, from 0."""
    cost: int = 1
    """What each costs that is used."""
    count: int | None = None
    """How many there are; ``None``: as many as are needed."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of one size, or of several of which the packing chooses."""

    choices: tuple[tuple[int, ...], ...]
    """The sizes, each with an amount for each dimension; below 0 gives room."""
    demand: int = 1
    """How many such items there are."""
    kinds: tuple[int, ...] | None = None
    """The kinds of bins it may go into, by place; ``None``: any."""


@dataclass(frozen=True, slots=True)
class PackedBin:
    """A bin that is used."""

    kind: int
    """Its kind, by place."""
    items: tuple[tuple[int, int], ...]
    """What is in it: items, by place, each with the choice of its size."""


@dataclass(frozen=True, slots=True)
class Packing:
    """The best packing that was found."""

    bins: tuple[PackedBin, ...]
    unplaced: tuple[int, ...]
    """The items in no bin, by place, each as often as it is left out."""
    cost: int
    """What the bins cost."""
    lower_bound: int
    """No packing of all that fits anywhere costs less."""
    is_optimal: bool
    """Whether that is proven to be one of the best."""
    work: int
    """What was spent; the same work gives the same packing anywhere."""


def pack(
    kinds: Sequence[BinKind],
    items: Sequence[Item],
    *,
    time_s: float = 1.0,
    work: int | None = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Packing:
    """Pack ``items`` into as few bins as can be found, or the cheapest.

    It ends early where the packing is proven to be the best. With ``work``
    it spends about that much instead of ``time_s``, and gives the same packing
    each time. ``progress`` is called with the share of the time spent.

    Raises:
        ConfigError: the problem cannot hold; names the value and its limit.
    """
    packer = _warmstow.Packer(kinds, items, seed)
    search(packer, time_s, work, progress)
    item_of = packer.item_of()
    bins = tuple(
        PackedBin(kind, tuple((item_of[unit], choice) for unit, choice in units))
        for kind, units in packer.bins()
    )
    unplaced = tuple(item_of[unit] for unit in packer.unplaced())
    return Packing(bins, unplaced, packer.cost, packer.lower_bound, packer.is_optimal, packer.work)
