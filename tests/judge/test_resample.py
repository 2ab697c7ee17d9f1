"""Claims about intervals of out-of-fold predictions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from scbaseline import RunConfig
from scbaseline.judge.resample import OVER_GROUPS, Interval, bootstrap_cells, bootstrap_groups


def repeats(n: int, seed: int, n_repeats: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels and predictions of which most are right, repeats × cells."""
    rng = np.random.default_rng(seed)
    true = np.tile(rng.integers(3, size=n), (n_repeats, 1))
    return true, np.where(rng.random((n_repeats, n)) < 0.8, true, rng.integers(3, size=true.shape))


def test_the_interval_is_scipys_bootstrap_of_the_mean_over_repeats() -> None:
    """Drawing kinds of cells is drawing cells: scipy, drawing cells, agrees."""
    true, predicted = repeats(300, 0)
    config = RunConfig(n_bootstrap=10_000)
    found = bootstrap_cells(true, predicted, n_labels_r=[3, 3], config=config)["f1_macro"]

    def mean_f1(rows: np.ndarray) -> float:
        right = (true == predicted)[:, rows]
        f1 = [
            2 * (right & (true[:, rows] == k)).sum(axis=1)
            / ((true[:, rows] == k).sum(axis=1) + (predicted[:, rows] == k).sum(axis=1))
            for k in range(3)
        ]  # fmt: skip
        return float(np.mean(f1))

    theirs = stats.bootstrap(
        (np.arange(300),),
        mean_f1,
        vectorized=False,
        method="percentile",
        n_resamples=3000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert found.value == pytest.approx(mean_f1(np.arange(300)))
    assert (found.low, found.high) == pytest.approx(tuple(theirs), abs=0.008)
    assert found.n == 300


@settings(max_examples=30, deadline=None)
@given(st.integers(10, 60), st.integers(0, 1000))
def test_cells_that_were_not_judged_change_nothing(n: int, seed: int) -> None:
    """A cell with −1 in every repeat might as well not be there."""
    true, predicted = repeats(n, seed)
    config = RunConfig(n_bootstrap=100)
    alone = bootstrap_cells(true, predicted, n_labels_r=[3, 3], config=config)
    unjudged = np.full((2, 7), -1)
    beside = bootstrap_cells(
        np.hstack([true, np.zeros((2, 7), dtype=int)]),
        np.hstack([predicted, unjudged]),
        n_labels_r=[3, 3],
        config=config,
    )
    assert alone == beside


def test_each_repeat_has_labels_of_its_own() -> None:
    """Repeats with other labels, and with cells missing, are scored each by itself."""
    rng = np.random.default_rng(0)
    true = np.stack([rng.integers(k, size=200) for k in (2, 5)])
    predicted = np.where(rng.random((2, 200)) < 0.7, true, 0)
    predicted[1, :50] = -1
    found = bootstrap_cells(true, predicted, n_labels_r=[2, 5], config=RunConfig())
    expected = (
        metrics.cohen_kappa_score(true[0], predicted[0])
        + metrics.cohen_kappa_score(true[1, 50:], predicted[1, 50:])
    ) / 2
    assert found["kappa"].value == pytest.approx(expected)


def test_blocks_of_draws_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws made block by block are those of one block."""
    true, predicted = repeats(100, 0)
    one = bootstrap_cells(true, predicted, n_labels_r=[3, 3], config=RunConfig())
    monkeypatch.setattr("scbaseline.judge.resample._BLOCK", 999)
    assert bootstrap_cells(true, predicted, n_labels_r=[3, 3], config=RunConfig()) == one


def test_all_right_has_no_interval() -> None:
    """Where no draw differs, none claims certainty."""
    true, _ = repeats(50, 0)
    found = bootstrap_cells(true, true, n_labels_r=[3, 3], config=RunConfig())["accuracy"]
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_groups_are_drawn_whole() -> None:
    """Donors that are all right or all wrong: the interval is that of ten coins, not 500."""
    group = np.repeat([f"donor {g}" for g in range(10)], 50)
    true = np.tile([0, 1], 250)[None]
    wrong = np.isin(group, ["donor 1", "donor 5", "donor 7"])
    predicted = np.where(wrong, 1 - true, true)
    config = RunConfig(n_bootstrap=20_000)
    found = bootstrap_groups(true, predicted, group, labels_r=["ab"], config=config)
    accuracy = found["accuracy"]
    assert (accuracy.value, accuracy.n, accuracy.estimand) == (0.7, 10, OVER_GROUPS)
    # Student's 2.262 of 10 groups, expanded by √(10 / 9), leaves .86 % at either end.
    low, high = stats.binom.ppf([0.0086, 1 - 0.0086], 10, 0.7) / 10
    assert (accuracy.low, accuracy.high) == pytest.approx((low, high))
    cells = bootstrap_cells(true, predicted, n_labels_r=[2], config=config)["accuracy"]
    assert cells.low is not None
    assert cells.low > 0.65


def test_few_groups_have_no_interval() -> None:
    """Five donors are too few, and a sixth whose cells were not judged does not count."""
    true, predicted = repeats(120, 0)
    group = np.arange(120) % 6

    def interval() -> Interval:
        config = RunConfig(n_bootstrap=100)
        found = bootstrap_groups(true, predicted, group, labels_r=["abc", "abc"], config=config)
        return found["accuracy"]

    assert interval().low is not None
    predicted[:, group == 3] = -1
    assert interval().low is None
    judged = predicted[0] >= 0
    right = (true == predicted)[:, judged].mean()
    assert interval().value == pytest.approx(right)
    assert interval().estimand == "5 groups are too few to draw from"


@pytest.mark.parametrize(("n_groups", "has_interval"), [(3, False), (4, True)])
def test_means_over_labels_need_each_label_in_four_groups(
    n_groups: int, has_interval: bool
) -> None:
    """A label of few donors is missing from many draws, whose mean is over other labels.

    In eight donors, the rare label is never right, so that a draw without it is better.
    """
    group = np.repeat(np.arange(8), 40)
    true = np.tile([0, 1], 160)
    true[(group < n_groups) & (np.arange(320) % 40 < 10)] = 2
    predicted = np.where(true == 2, 0, true)
    predicted[::7] = 1
    found = bootstrap_groups(
        true[None], predicted[None], group, labels_r=[("T", "B", "rare")], config=RunConfig()
    )
    for name in ("f1_macro", "balanced_accuracy"):
        one = found[name]
        assert (one.low is not None) == has_interval
        assert one.value == pytest.approx(metrics_of[name](true, predicted))
        if one.low is not None:
            assert one.estimand == OVER_GROUPS
            assert one.high < 0.67  # one of three labels is never right
        else:
            assert one.estimand == "labels in fewer than 4 groups: rare (3)"
    assert found["accuracy"].low is not None


metrics_of = {
    "f1_macro": lambda true, said: metrics.f1_score(true, said, average="macro"),
    "balanced_accuracy": metrics.balanced_accuracy_score,
}


@pytest.mark.parametrize("n_groups", [6, 12])
def test_group_intervals_cover(n_groups: int) -> None:
    """Of 300 draws of donors with accuracies of their own, 91–99 % cover the mean accuracy."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(n_groups), 40)
    covered = 0
    for seed in range(300):
        right = rng.random(len(group)) < rng.beta(17, 3, size=n_groups)[group]  # mean .85
        true = rng.integers(2, size=len(group))
        found = bootstrap_groups(
            true[None],
            np.where(right, true, 1 - true)[None],
            group,
            labels_r=["ab"],
            config=RunConfig(n_bootstrap=300, seed=seed),
        )
        low, high = found["accuracy"].low, found["accuracy"].high
        covered += low is not None and high is not None and low <= 0.85 <= high
    assert 0.91 <= covered / 300 <= 0.99
