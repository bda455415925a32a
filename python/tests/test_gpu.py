"""GPUs placed from Python: policies by name, reasons, what cannot be."""

from __future__ import annotations

import pytest
from warmstow import ConfigError
from warmstow._warmstow import GPU_POLICIES, place_gpu

Nodes = list[tuple[int, int, int, str]]
Pods = list[tuple[int, int, int, int, list[str]]]

NODES: Nodes = [(96_000, 393_216, 8, "G2"), (104_000, 524_288, 2, "T4")]


def test_pods_go_where_their_model_is_and_share_a_gpu() -> None:
    pods: Pods = [
        (4_000, 8_192, 1, 500, ["T4"]),
        (4_000, 8_192, 1, 500, ["T4", "P100"]),
        (4_000, 8_192, 8, 1_000, []),
    ]
    for policy in GPU_POLICIES:
        if policy != "random":
            placed = place_gpu(NODES, pods, policy=policy)
            assert [node for node, _, _ in placed] == [1, 1, 0]
            assert [reasons for _, _, reasons in placed] == [None] * 3
            assert placed[0][1] == placed[1][1]
            assert placed[2][1] == list(range(8))


def test_a_refusal_counts_the_nodes_by_cause() -> None:
    pods: Pods = [(100_000, 600_000, 2, 1_000, []), (1, 1, 1, 1, ["A10"])]
    (node, gpus, reasons), (_, _, model) = place_gpu(NODES, pods)
    assert (node, gpus) == (None, [])
    assert reasons == {"cpu": 1, "memory": 2}
    assert model == {"model": 2}


def test_the_same_seed_draws_the_same_nodes() -> None:
    pods: Pods = [(1_000, 1_024, 1, 100, [])] * 40
    first, second = (place_gpu(NODES, pods, policy="random", seed=seed) for seed in (7, 7))
    assert first == second
    assert first != place_gpu(NODES, pods, policy="random", seed=8)


@pytest.mark.parametrize(
    ("nodes", "pods", "message"),
    [
        (NODES, [(1, 1, 2, 500, [])], "pod 0: 500 milli of each of 2 GPUs"),
        ([(1, 1, 9, "T4")], [], "node 0: a node with 9 GPUs, 8 at most"),
        ([(1, 1, 1, str(model)) for model in range(33)], [], "model 32 of GPU"),
    ],
)
def test_what_cannot_be_is_named(
    nodes: Nodes,
    pods: Pods,
    message: str,
) -> None:
    with pytest.raises(ConfigError, match=message):
        place_gpu(nodes, pods)


def test_an_unknown_policy_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="`tightest` is no policy for GPUs; one of random, "):
        place_gpu(NODES, [], policy="tightest")
