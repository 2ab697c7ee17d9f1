"""Claims about the search among many cells, against scikit-learn's exact search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from scbaseline.cells.nearest import Nearest, search_nearest
from scbaseline.cells.regions import nearest_centres, regional_centres


def cells(n_cells: int, *, n_comps: int = 5, seed: int = 0) -> np.ndarray:
    """Return a cloud that is longer in some directions than in others."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n_cells, n_comps)) / np.arange(1, n_comps + 1)).astype(np.float32)


def searched(
    x_nc: np.ndarray, k: int = 9, *, min_recall: float = 0.95, threads: int = 1
) -> Nearest:
    """Return what the search finds, where it finds enough."""
    nearest = search_nearest(x_nc, k, min_recall=min_recall, seed=0, threads=threads)
    assert nearest is not None
    return nearest


def true_share(x_nc: np.ndarray, nearest: Nearest) -> float:
    """Return the share of neighbours no farther than the true last one, over all cells."""
    k = nearest.indices_nk.shape[1]
    farthest_n = NearestNeighbors(n_neighbors=k).fit(x_nc).kneighbors()[0][:, -1]
    return float((nearest.distances_nk <= farthest_n[:, None] * (1 + 1e-4)).mean())


def test_stated_recall_is_that_of_all_cells() -> None:
    """The recall on the sample is that of all cells against scikit-learn, to .02."""
    x_nc = cells(3000)
    nearest = searched(x_nc)
    assert nearest.recall >= 0.95
    assert nearest.recall == pytest.approx(true_share(x_nc, nearest), abs=0.02)


def test_more_regions_are_searched_until_enough_is_found() -> None:
    """A higher recall takes more regions, and what is found is then nearly all."""
    x_nc = cells(3000)
    regions = [searched(x_nc, min_recall=wanted).n_regions for wanted in (0.5, 0.95, 0.999)]
    assert regions == sorted(regions)
    assert regions[0] < regions[-1]
    assert true_share(x_nc, searched(x_nc, min_recall=0.999)) > 0.99


def test_a_recall_beyond_reach_is_not_claimed() -> None:
    """Where half of the regions do not hold enough of the neighbours, there is no result."""
    noise_nc = np.random.default_rng(0).normal(size=(2000, 40)).astype(np.float32)
    assert search_nearest(noise_nc, 9, min_recall=0.99, seed=0) is None


def test_cells_of_one_region_are_not_searched() -> None:
    """Copies of one cell are not divided by regions, so there is no result."""
    assert search_nearest(np.ones((500, 5), np.float32), 9, min_recall=0.95, seed=0) is None


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), n_copies=st.integers(0, 300), k=st.integers(1, 12))
def test_neighbours_are_other_cells_at_their_distances(seed: int, n_copies: int, k: int) -> None:
    """Each row holds distinct other cells, nearest first; copies among the cells or not."""
    x_nc = cells(700, seed=seed)
    x_nc[np.random.default_rng(seed).choice(700, n_copies, replace=False)] = x_nc[0]
    nearest = search_nearest(x_nc, k, min_recall=0.5, seed=seed)
    if nearest is None:  # too many copies
        assert n_copies > 150
        return
    assert (nearest.indices_nk != np.arange(700)[:, None]).all()
    assert all(len(set(row)) == k for row in nearest.indices_nk.tolist())
    gaps_nk = np.linalg.norm(x_nc[nearest.indices_nk] - x_nc[:, None], axis=2)
    np.testing.assert_allclose(nearest.distances_nk, gaps_nk, rtol=1e-5)
    assert (np.diff(nearest.distances_nk, axis=1) >= 0).all()


def test_threads_change_no_digit() -> None:
    """More chunks of cells than one, searched by one thread or by three: the same arrays."""
    x_nc = cells(40_000, n_comps=3)
    one, three = (searched(x_nc, min_recall=0.5, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.indices_nk, three.indices_nk)
    np.testing.assert_array_equal(one.distances_nk, three.distances_nk)


def test_far_from_the_origin_distances_keep_their_digits() -> None:
    """Cells moved by a thousand times their spread have the same neighbours, nearly all."""
    x_nc = cells(2000)
    nearest = searched(x_nc + np.float32(1000))
    assert true_share(x_nc + np.float32(1000), nearest) > 0.95


def test_nearest_centres_are_in_order() -> None:
    """Each cell's centres are those of numpy's full sort; the own one, if given, is first."""
    x_nc = cells(300)
    centres_rc = regional_centres(x_nc, np.random.default_rng(0))
    distance_nr = np.linalg.norm(x_nc[:, None] - centres_rc, axis=2)
    np.testing.assert_array_equal(
        nearest_centres(x_nc, centres_rc, 4), distance_nr.argsort(axis=1)[:, :4]
    )
    own_n = distance_nr.argsort(axis=1)[:, 2].astype(np.int32)
    with_own_nr = nearest_centres(x_nc, centres_rc, 4, own_n=own_n)
    np.testing.assert_array_equal(with_own_nr[:, 0], own_n)
    np.testing.assert_array_equal(np.sort(with_own_nr), np.sort(distance_nr.argsort(axis=1)[:, :4]))
