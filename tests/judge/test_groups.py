"""Claims about scores of each donor or batch."""

import numpy as np
import pytest
from sklearn import metrics

from scbaseline.judge.groups import scores_by_group
from scbaseline.judge.held_out import HeldOut

NAMES = ("donor A", "donor B", "donor C")


def test_each_group_is_scored_by_its_own_cells() -> None:
    """Accuracy and macro-F1 of a group are scikit-learn's on its judged cells."""
    rng = np.random.default_rng(0)
    true, groups = rng.integers(3, size=120), rng.integers(-1, 3, size=120)
    true[groups == 1] = np.minimum(true[groups == 1], 1)  # a donor that lacks a label
    predicted = np.where(rng.random(120) < 0.7, true, rng.integers(3, size=120))
    predicted[::10] = -1
    scores = scores_by_group(HeldOut.of_one_test(true, predicted, ("a", "b", "c")), groups, NAMES)
    assert [score.group for score in scores] == list(NAMES)
    for code, score in enumerate(scores):
        own = (groups == code) & (predicted >= 0)
        assert score.n == own.sum()
        assert score.accuracy == pytest.approx(metrics.accuracy_score(true[own], predicted[own]))
        assert score.f1_macro == pytest.approx(
            metrics.f1_score(
                true[own],
                predicted[own],
                labels=np.unique(true[own]),
                average="macro",
                zero_division=0,
            )
        )


def test_a_group_without_judged_cells_is_left_out() -> None:
    """There is nothing to say of a donor none of whose cells was a test cell."""
    predicted = np.array([0, 1, -1, -1])
    held_out = HeldOut.of_one_test(np.array([0, 1, 0, 1]), predicted, ("a", "b"))
    scores = scores_by_group(held_out, np.array([0, 0, 1, 1]), NAMES)
    assert [score.group for score in scores] == ["donor A"]
