"""Claims about which clusters are found again, and about what is merged."""

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from scbaseline.cells.trust import HALVES, STABLE, cluster_trust, merge_unstable
from scbaseline.errors import InputError

SEEDS = st.integers(0, 2**32 - 1)


def clustering(rng: np.random.Generator, *, n: int = 90, k: int = 4) -> np.ndarray:
    """Return clusters of unlike sizes, named by letters, in random order."""
    return np.array(list("abcdefgh"))[rng.choice(k, n, p=np.arange(1, k + 1) / (k * (k + 1) / 2))]


def shaken(rng: np.random.Generator, clusters: np.ndarray, share: float) -> np.ndarray:
    """Return the clusters with a share of the cells dealt at random."""
    return np.where(rng.random(len(clusters)) < share, rng.permutation(clusters), clusters)


def split_at_random(rng: np.random.Generator, clusters: np.ndarray) -> np.ndarray:
    """Return every cluster split in two, at random."""
    return np.char.add(clusters, rng.choice(["x", "y"], len(clusters)))


def nearest_by_hand(clusters: np.ndarray, name: str, other: np.ndarray) -> float:
    """Compare the cells of one cluster, as sets, with every other cluster and their union."""
    cells = set(np.flatnonzero(clusters == name))
    others = [set(np.flatnonzero(other == o)) for o in np.unique(other)]
    union = set().union(*(o for o in others if 2 * len(o & cells) > len(o)))
    return max(len(o & cells) / len(o | cells) for o in [*others, union])


@settings(max_examples=40)
@given(SEEDS, st.floats(0, 1))
def test_stability_equals_sets_compared_one_by_one(seed: int, share: float) -> None:
    """The tables give what sets of cells give, per cluster and source."""
    rng = np.random.default_rng(seed)
    clusters = clustering(rng)
    alternatives = {
        "seeds": [shaken(rng, clusters, share) for _ in range(3)],
        "finer": [split_at_random(rng, shaken(rng, clusters, share))],
    }
    trust = cluster_trust(clusters, alternatives)
    by_hand = [
        [np.mean([nearest_by_hand(clusters, name, o) for o in of]) for of in alternatives.values()]
        for name in trust.names
    ]
    np.testing.assert_allclose(trust.stability_ks, by_hand)


@settings(max_examples=40)
@given(SEEDS, st.floats(0, 1))
def test_no_union_of_other_clusters_is_nearer(seed: int, share: float) -> None:
    """Unions of clusters mostly inside one, and Hennig's single ones, are at most as near."""
    rng = np.random.default_rng(seed)
    clusters = clustering(rng, k=3)
    other = split_at_random(rng, shaken(rng, clusters, share))
    trust = cluster_trust(clusters, {"finer": [other]})
    for name, found in zip(trust.names, trust.stability_ks[:, 0], strict=True):
        cells = clusters == name
        groups = [other == o for o in np.unique(other)]
        inside = [g for g in groups if 2 * (g & cells).sum() > g.sum()]
        unions = [
            np.any(chosen, axis=0)
            for size in range(1, len(inside) + 1)
            for chosen in combinations(inside, size)
        ]
        nearest = max((u & cells).sum() / (u | cells).sum() for u in [*groups, *unions])
        assert found == pytest.approx(nearest)


@settings(max_examples=40)
@given(SEEDS)
def test_ari_equals_scikit_learns(seed: int) -> None:
    """The index is scikit-learn's, averaged per source, and per pair of halves."""
    rng = np.random.default_rng(seed)
    clusters = clustering(rng)
    halves = [shaken(rng, clusters, 0.3) for _ in range(4)]
    trust = cluster_trust(clusters, {HALVES: halves})
    assert trust.ari_s == pytest.approx(np.mean([adjusted_rand_score(clusters, h) for h in halves]))
    assert trust.half_agreement == pytest.approx(
        [adjusted_rand_score(*halves[:2]), adjusted_rand_score(*halves[2:])]
    )


@settings(max_examples=40)
@given(SEEDS)
def test_names_and_the_order_of_cells_do_not_matter(seed: int) -> None:
    """Renamed clusters in another order of cells have the same stability and partners."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat(list("abcd"), [40, 30, 20, 10])
    others = [shaken(rng, clusters, 0.4) for _ in range(3)]
    order = rng.permutation(len(clusters))
    new = dict(zip("abcd", rng.permutation(["7", "10", "2", "z"]), strict=True))

    def renamed(of: np.ndarray) -> np.ndarray:
        return np.array([new[name] for name in of])[order]

    before = cluster_trust(clusters, {"seeds": others})
    after = cluster_trust(renamed(clusters), {"seeds": [renamed(o) for o in others]})
    assert after.names == tuple(new[name] for name in before.names)
    np.testing.assert_allclose(after.stability_ks, before.stability_ks)
    np.testing.assert_allclose(after.chance_ks, before.chance_ks)
    np.testing.assert_allclose(after.ari_s, before.ari_s)
    assert [(new[a], new[b]) for a, b, _ in before.merge_with] == [
        (a, b) for a, b, _ in after.merge_with
    ]


@settings(max_examples=40)
@given(SEEDS)
def test_the_same_clusters_under_other_names_are_stable(seed: int) -> None:
    """Identical alternatives: stability 1, ARI 1, nothing to merge."""
    clusters = clustering(np.random.default_rng(seed))
    trust = cluster_trust(clusters, {"seeds": [np.char.upper(clusters)], "more": [clusters]})
    assert (trust.stability_ks == 1).all()
    assert trust.stable_k.all()
    assert trust.ari_s == pytest.approx(1)
    assert trust.merge_with == ()


@settings(max_examples=40)
@given(SEEDS)
def test_splitting_costs_nothing(seed: int) -> None:
    """A clustering that only splits clusters finds all of them again, though ARI falls."""
    rng = np.random.default_rng(seed)
    clusters = clustering(rng)
    trust = cluster_trust(clusters, {"finer": [split_at_random(rng, clusters)]})
    assert (trust.stability_ks == 1).all()
    assert trust.ari_s[0] < 1


def test_being_merged_costs() -> None:
    """Two clusters put together get their shares of the sum: by hand, 58 and 42 of 100."""
    clusters = np.repeat(["a", "b", "c"], [58, 42, 50])
    trust = cluster_trust(clusters, {"coarser": [np.where(clusters == "b", "a", clusters)]})
    assert dict(zip(trust.names, trust.stability_ks[:, 0], strict=True)) == {
        "a": pytest.approx(0.58),
        "b": pytest.approx(0.42),
        "c": 1,
    }
    assert trust.merge_with == (("a", "b", 1.0), ("b", "a", 1.0))


@settings(max_examples=40)
@given(SEEDS)
def test_chance_is_what_random_clusterings_reach(seed: int) -> None:
    """Cells dealt at random find a cluster again about as well as ``chance_ks`` says."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat(["a", "b", "c", "d"], [4000, 1500, 1000, 300])
    trust = cluster_trust(clusters, {"random": [rng.permutation(clusters) for _ in range(3)]})
    np.testing.assert_allclose(trust.stability_ks, trust.chance_ks, atol=0.02)
    assert trust.chance_ks[0, 0] == pytest.approx(4000 / 6800)
    assert not trust.stable_k.any()


def test_one_bad_source_is_enough() -> None:
    """A cluster stable under seeds but not in the halves is unstable."""
    clusters = np.repeat(["a", "b", "c"], [58, 42, 50])
    merged = np.where(clusters == "b", "a", clusters)
    trust = cluster_trust(clusters, {"seeds": [clusters], HALVES: [merged, merged]})
    assert dict(zip(trust.names, trust.stable_k, strict=True)) == {
        "a": False,
        "b": False,
        "c": True,
    }
    assert trust.merge_with[0] == ("a", "b", 0.5)  # always in one source, never in the other


def test_names_are_by_size_and_natural_among_equals() -> None:
    """The largest cluster comes first; of equals, 9 comes before 10."""
    clusters = np.array(["10"] * 5 + ["9"] * 5 + ["2"] * 7)
    assert cluster_trust(clusters, {"seeds": [clusters]}).names == ("2", "9", "10")


@settings(max_examples=40)
@given(SEEDS, st.floats(0, 1))
def test_merging_ends_with_fewer_clusters(seed: int, share: float) -> None:
    """No cell changes sides but with its whole cluster; what is left is stable, or two."""
    rng = np.random.default_rng(seed)
    clusters = clustering(rng, k=6)
    alternatives = {"seeds": [shaken(rng, clusters, share) for _ in range(2)]}
    merged = merge_unstable(clusters, alternatives)
    k = len(np.unique(clusters))
    assert len(merged.members) == k - len(merged.merges)
    assert sorted(name for group in merged.members for name in group) == sorted(set(clusters))
    for new, group in enumerate(merged.members):
        assert set(merged.clusters_n[np.isin(clusters, group)]) == {str(new)}
    sizes = merged.trust.n_cells_k
    assert (np.diff(sizes) <= 0).all()
    assert merged.settled == merged.trust.stable_k.all()
    assert merged.settled or len(merged.members) == 2
    np.testing.assert_array_equal(
        merged.clusters_n, merge_unstable(clusters, alternatives).clusters_n
    )


@settings(max_examples=40)
@given(SEEDS)
def test_two_that_are_mixed_become_one(seed: int) -> None:
    """Clusters that the alternatives mix at random are merged with each other, no third."""
    rng = np.random.default_rng(seed)
    clusters = rng.permutation(np.repeat(list("abcde"), [50, 30, 60, 25, 40]))
    mixed = np.isin(clusters, ["b", "d"])
    others = []
    for _ in range(3):
        other = shaken(rng, clusters, 0.05)
        other[mixed] = rng.choice(["b", "d"], mixed.sum())
        others.append(other)
    merged = merge_unstable(clusters, {"seeds": others})
    assert [{gone, into} for gone, into, _ in merged.merges] == [{"b", "d"}]
    assert merged.settled
    # Two cells of random halves lie together half of the time.
    assert merged.merges[0][2] == pytest.approx(0.5, abs=0.1)


def test_a_chain_of_merges_by_hand() -> None:
    """The worst goes first and is measured again with the cluster it went into."""
    clusters = np.repeat(["a", "b", "c", "d"], [100, 60, 10, 50])
    # c always lies with b; with c, b is whole again.
    other = np.where(clusters == "c", "b", clusters)
    assert cluster_trust(clusters, {"x": [other]}).stable_k.tolist() == [True, True, True, False]
    merged = merge_unstable(clusters, {"x": [other]})
    assert merged.merges == (("c", "b", 1.0),)
    assert merged.members == (("a",), ("b", "c"), ("d",))
    assert merged.settled


def test_two_unstable_clusters_are_left_and_said() -> None:
    """Random alternatives leave two clusters, which are not called settled."""
    rng = np.random.default_rng(0)
    clusters = np.repeat(list("abcd"), 50)
    merged = merge_unstable(clusters, {"x": [rng.permutation(clusters) for _ in range(4)]})
    assert len(merged.members) == 2
    assert not merged.settled
    assert merged.trust.stability_ks.min() < STABLE


@pytest.mark.parametrize(
    ("alternatives", "words"),
    [
        ({}, "0 sources"),
        ({"seeds": []}, "seeds: 0 clusterings"),
        ({HALVES: [np.array(["a", "b"])]}, "pairs of halves"),
        ({"seeds": [np.array(["a", "b", "b"])]}, "seeds, number 0: 3 cells"),
    ],
)
def test_what_cannot_be_compared_is_refused(alternatives: dict, words: str) -> None:
    """The error names the source, and what was seen of it."""
    with pytest.raises(InputError, match=words):
        cluster_trust(np.array(["a", "b"]), alternatives)


def test_it_takes_no_time() -> None:
    """2,700 cells × 12 clusterings: far below what making one clustering takes."""
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, 10, 2700).astype(str)
    others = [shaken(rng, clusters, 0.1) for _ in range(12)]
    cluster_trust(clusters, {"seeds": others})
    seconds = []
    for _ in range(3):
        start = time.process_time()
        cluster_trust(clusters, {"seeds": others})
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.05
