"""Claims about inflation from double dipping, and about structure."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from scbaseline.judge.verdicts import Structure, inflation_of, least_kappa, structure_of


def verdict_on(low: float | None, *nulls: float, n_drawn: int) -> Structure | None:
    return structure_of(low, nulls, n_drawn=n_drawn, protocol="thinned", null="null-thinned")


def test_inflation_is_a_difference_per_draw() -> None:
    """Each draw's score with the other half is taken from its score with the same half."""
    inflation = inflation_of("pca", "kappa", (0.9, 0.8, 0.7), (0.5, 0.6, 0.2))
    assert inflation.differences == pytest.approx((0.4, 0.2, 0.5))
    assert inflation.mean == pytest.approx(1.1 / 3)
    assert inflation.spread == pytest.approx((0.2, 0.5))


def test_draws_that_do_not_match_are_no_inflation() -> None:
    """Scores of unequal numbers of draws are refused, not cut or repeated."""
    with pytest.raises(ValueError, match="shape"):
        inflation_of("pca", "kappa", (0.9, 0.8), (0.5, 0.6, 0.2))


@pytest.mark.parametrize(("low", "is_there"), [(0.31, True), (0.3, False), (0.1, False)])
def test_structure_is_above_the_largest_of_the_structureless_draws(
    low: float, is_there: bool
) -> None:
    """The lower bound is compared with the worst of chance, not with its mean."""
    structure = verdict_on(low, 0.0, 0.3, 0.1, n_drawn=3)
    assert structure is not None
    assert structure.is_there == is_there
    assert ("there is structure" in structure.verdict) == is_there
    assert f"at least {low:.3f}" in structure.verdict
    assert "at most 0.300 in 3 draws" in structure.verdict


def test_a_draw_of_one_cluster_counts_as_nothing_told_apart() -> None:
    """It has no score, and is a κ of 0 among the others."""
    structure = verdict_on(0.2, -0.1, n_drawn=3)
    assert structure is not None
    assert structure.nulls == (-0.1, 0.0, 0.0)


def test_without_an_interval_or_a_control_there_is_no_verdict() -> None:
    """Nothing is said where nothing can be compared."""
    assert verdict_on(None, 0.1, n_drawn=1) is None
    assert verdict_on(0.5, n_drawn=0) is None


@pytest.mark.parametrize("sizes", [(950, 50), (500, 500), (400, 300, 300)])
def test_the_least_kappa_is_that_of_three_wrong_cells(sizes: tuple[int, ...]) -> None:
    """Of 1,000 cells, three are given a wrong label, and scikit-learn's κ is that bound."""
    true = np.repeat(np.arange(len(sizes)), sizes)
    wrong = true.copy()
    wrong[[0, 1, -1]] = [1, 1, 0]
    unjudged = np.append(true, -1)
    assert least_kappa(1.0, np.stack([unjudged, unjudged])) == pytest.approx(
        cohen_kappa_score(true, wrong), abs=1e-3
    )


def test_the_least_kappa_is_that_of_the_repeat_with_fewest_cells() -> None:
    """Few cells that are all right show less than many."""
    many, few = np.tile([0, 1], 500), np.tile([0, 1], 500)
    few[100:] = -1
    assert least_kappa(1.0, np.stack([many, few])) == least_kappa(1.0, few[None])
    assert least_kappa(1.0, few[None]) < least_kappa(1.0, many[None])
