"""Claims about scores and their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from sklearn import metrics

from scbaseline import RunConfig, evaluate_predictions
from scbaseline.evaluate import Evaluation

LABELS = ("a", "b", "c")


def judge(true: np.ndarray, predicted: np.ndarray, **settings: object) -> Evaluation:
    return evaluate_predictions(
        true, predicted, LABELS, config=RunConfig(**settings), train_accuracy=1.0, n_train=1
    )


def test_a_hand_computed_example() -> None:
    """Three labels, six cells: every score as computed with pencil and paper."""
    one = judge(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2]))
    np.testing.assert_array_equal(one.confusion_kk, [[2, 1, 0], [0, 1, 1], [0, 0, 1]])
    assert one.score("accuracy").value == pytest.approx(4 / 6)
    assert one.score("recall", "a").value == pytest.approx(2 / 3)
    assert one.score("precision", "b").value == pytest.approx(1 / 2)
    assert one.score("f1", "c").value == pytest.approx(2 / 3)
    assert one.score("f1_macro").value == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)
    assert one.score("support", "b").value == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=60))
def test_values_equal_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    """For any predictions, values are scikit-learn's and lie within their own intervals."""
    true, predicted = np.array(pairs).T
    one = judge(true, predicted, n_bootstrap=100)
    assert one.score("accuracy").value == metrics.accuracy_score(true, predicted)
    assert one.score("f1_macro").value == metrics.f1_score(
        true, predicted, labels=np.unique(true), average="macro", zero_division=0
    )
    for score in one.scores:
        assert (score.low is None) == (score.high is None)
        assert score.low is None or 0 <= score.low <= score.value <= score.high <= 1 + 1e-9


def test_the_accuracy_interval_is_scipys_bootstrap() -> None:
    """Drawing the number of right cells is drawing cells: scipy, drawing cells, agrees."""
    rng = np.random.default_rng(0)
    true = rng.integers(3, size=400)
    predicted = np.where(rng.random(400) < 0.85, true, (true + 1) % 3)
    score = judge(true, predicted, n_bootstrap=20_000).score("accuracy")
    theirs = bootstrap(
        ((true == predicted).astype(float),),
        np.mean,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert (score.low, score.high) == pytest.approx(tuple(theirs), abs=0.003)


def test_the_macro_f1_interval_is_a_stratified_bootstrap() -> None:
    """Drawing rows of the confusion matrix is drawing cells within each label."""
    rng = np.random.default_rng(0)
    true = rng.choice(3, size=300, p=[0.6, 0.3, 0.1])
    predicted = np.where(rng.random(300) < 0.8, true, rng.integers(3, size=300))
    score = judge(true, predicted, n_bootstrap=4000).score("f1_macro")
    draws = []
    for _ in range(4000):
        rows = np.concatenate(
            [rng.choice(np.flatnonzero(true == k), (true == k).sum()) for k in range(3)]
        )
        counts = np.zeros((3, 3))
        np.add.at(counts, (true[rows], predicted[rows]), 1)
        right = np.diag(counts)
        draws.append((2 * right / (counts.sum(0) + counts.sum(1))).mean())
    assert (score.low, score.high) == pytest.approx(
        tuple(np.percentile(draws, [2.5, 97.5])), abs=0.01
    )


def test_accuracy_intervals_cover() -> None:
    """Of 500 draws from a classifier that is right with p = .9, 92–98 % cover .9."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(500):
        true = rng.integers(3, size=500)
        predicted = np.where(rng.random(500) < 0.9, true, (true + 1) % 3)
        score = judge(true, predicted, n_bootstrap=400, seed=seed).score("accuracy")
        covered += score.low <= 0.9 <= score.high
    assert 0.92 <= covered / 500 <= 0.98


def test_macro_f1_intervals_cover_with_tiny_labels() -> None:
    """With the sizes of PBMC3k's clusters, down to one test cell, 90–99.5 % of 200 draws cover.

    Resampling those few cells from themselves covered 40–75 %.
    """
    sizes = np.array([137, 93, 93, 70, 66, 37, 32, 7, 3, 1])
    right = np.array([0.93, 0.98, 0.75, 0.99, 0.88, 0.93, 0.93, 0.7, 0.8, 0.5])
    share_kk = np.diag(right) + (1 - right)[:, None] * (1 - np.eye(10)) / 9
    expected = sizes[:, None] * share_kk
    truth = (2 * np.diag(expected) / (expected.sum(0) + expected.sum(1))).mean()
    rng = np.random.default_rng(0)
    true = np.repeat(np.arange(10), sizes)
    covered = 0
    for seed in range(200):
        predicted = np.concatenate(
            [rng.choice(10, n, p=p) for n, p in zip(sizes, share_kk, strict=True)]
        )
        score = evaluate_predictions(
            true,
            predicted,
            [str(k) for k in range(10)],
            config=RunConfig(n_bootstrap=400, seed=seed),
            train_accuracy=1.0,
            n_train=1,
        ).score("f1_macro")
        covered += score.low <= truth <= score.high
    assert 0.90 <= covered / 200 <= 0.995


def test_a_handful_of_cells_gets_no_interval() -> None:
    """A label with one test cell has a value, but no interval that would claim certainty."""
    one = judge(np.array([0] * 20 + [1] * 20 + [2]), np.array([0] * 19 + [1] * 21 + [2]))
    assert one.score("f1", "c").low is None
    assert one.score("f1", "a").low is not None
