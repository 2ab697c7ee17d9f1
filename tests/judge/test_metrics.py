"""Claims about the metrics that follow from confusion matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from scbaseline.judge.metrics import METRICS, confusion_scores, percentile_interval

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=80)


def test_a_hand_computed_example() -> None:
    """Three labels, six cells: every score as computed with pencil and paper."""
    found = confusion_scores(np.array([[2, 1, 0], [0, 1, 1], [0, 0, 1]]))
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert found["f1_macro"] == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)
    assert found["f1_weighted"] == pytest.approx((3 * 4 / 5 + 2 * 1 / 2 + 2 / 3) / 6)
    chance = (3 * 2 + 2 * 2 + 1 * 2) / 36
    assert found["kappa"] == pytest.approx((4 / 6 - chance) / (1 - chance))


@settings(max_examples=100, deadline=None)
@given(PAIRS)
def test_scores_equal_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    """For any predictions, all five are scikit-learn's, over labels with true cells."""
    true, predicted = np.array(pairs).T
    found = confusion_scores(metrics.confusion_matrix(true, predicted, labels=range(4)))
    present = np.unique(true)
    expected = {
        "accuracy": metrics.accuracy_score(true, predicted),
        "balanced_accuracy": metrics.recall_score(
            true, predicted, labels=present, average="macro", zero_division=0
        ),
        "f1_macro": metrics.f1_score(
            true, predicted, labels=present, average="macro", zero_division=0
        ),
        "f1_weighted": metrics.f1_score(true, predicted, average="weighted", zero_division=0),
    }
    if len(np.unique([true, predicted])) > 1:  # else undefined in scikit-learn
        expected["kappa"] = metrics.cohen_kappa_score(true, predicted)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


@given(PAIRS, PAIRS)
def test_many_matrices_are_scored_as_each_alone(
    one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    """A stack of matrices of any leading shape gives each matrix's own scores."""
    matrices = [metrics.confusion_matrix(*np.array(p).T, labels=range(4)) for p in (one, two)]
    stacked = confusion_scores(np.array(matrices)[None])
    assert list(stacked) == [name for name in METRICS if name in stacked]
    for name, values in stacked.items():
        assert values.shape == (1, 2)
        assert list(values[0]) == [confusion_scores(m)[name] for m in matrices]


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3), st.integers(0, 2))
def test_always_saying_the_same_has_a_kappa_of_0(cells: list[int], said: int) -> None:
    """Whatever the labels' sizes, also where one label is all there is, or nothing."""
    confusion = np.zeros((3, 3))
    confusion[:, said] = cells
    assert confusion_scores(confusion)["kappa"] == 0


def test_no_cells_score_0() -> None:
    """Empty matrices, as groups without cells give them, are no division by nothing."""
    assert all((values == 0).all() for values in confusion_scores(np.zeros((2, 3, 3))).values())


def test_equal_draws_have_no_interval() -> None:
    """All cells right in every draw: no interval that would claim certainty."""
    assert percentile_interval(np.ones(100)) == (None, None)
