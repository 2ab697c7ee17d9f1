"""Claims about intervals of held-out predictions: cells of several repeats, and groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.intervals import OVER_CELLS, OVER_GROUPS, draw_scores
from scbaseline.judge.scores import Score, Scorecard, score_predictions


def repeats(n: int, seed: int, n_repeats: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels and predictions of which most are right, repeats × cells."""
    rng = np.random.default_rng(seed)
    true = np.tile(rng.integers(3, size=n), (n_repeats, 1))
    return true, np.where(rng.random((n_repeats, n)) < 0.8, true, rng.integers(3, size=true.shape))


def judge(
    true: np.ndarray,
    predicted: np.ndarray,
    *labels_r: str,
    n_draws: int = 2000,
    seed: int = 0,
    groups_n: np.ndarray | None = None,
) -> Scorecard:
    """Score repeats; a letter is the name of a label."""
    labels = tuple(tuple(names) for names in labels_r or ["abc"] * len(true))
    held_out = HeldOut(labels, true, predicted)
    rng = np.random.default_rng(seed)
    return score_predictions(held_out, rng, n_draws=n_draws, groups_n=groups_n)


def test_the_interval_is_scipys_bootstrap_of_the_mean_over_repeats() -> None:
    """Drawing kinds of cells is drawing cells: scipy, drawing cells, agrees."""
    true, predicted = repeats(300, 0)
    score = judge(true, predicted, n_draws=10_000).score("f1_macro")

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
    assert score.value == pytest.approx(mean_f1(np.arange(300)))
    assert (score.low, score.high) == pytest.approx(tuple(theirs), abs=0.008)
    assert (score.n, score.about) == (300, OVER_CELLS)


@settings(max_examples=30, deadline=None)
@given(st.integers(10, 60), st.integers(0, 1000))
def test_cells_that_were_not_judged_change_nothing(n: int, seed: int) -> None:
    """A cell with −1 in every repeat might as well not be there."""
    true, predicted = repeats(n, seed)
    alone = judge(true, predicted, n_draws=100)
    unjudged = np.full((2, 7), -1)
    beside = judge(
        np.hstack([true, np.zeros((2, 7), dtype=int)]),
        np.hstack([predicted, unjudged]),
        n_draws=100,
    )
    assert alone.scores == beside.scores


def test_each_repeat_has_labels_of_its_own() -> None:
    """Repeats with other labels, and with cells missing, are scored each by itself."""
    rng = np.random.default_rng(0)
    true = np.stack([rng.integers(k, size=200) for k in (2, 5)])
    predicted = np.where(rng.random((2, 200)) < 0.7, true, 0)
    predicted[1, :50] = -1
    kappa = judge(true, predicted, "ab", "abcde").score("kappa")
    expected = (
        metrics.cohen_kappa_score(true[0], predicted[0]),
        metrics.cohen_kappa_score(true[1, 50:], predicted[1, 50:]),
    )
    assert kappa.repeats == pytest.approx(expected)
    assert kappa.value == pytest.approx(np.mean(expected))


def test_labels_of_their_own_have_scores_where_repeats_share_them() -> None:
    """Repeats of the same labels give each label's mean recall; other labels give none."""
    true, predicted = repeats(90, 0)
    card = judge(true, predicted)
    recall_r = [
        metrics.recall_score(t, p, average=None) for t, p in zip(true, predicted, strict=True)
    ]
    for k, label in enumerate("abc"):
        assert card.score("recall", label).value == pytest.approx(np.mean(recall_r, axis=0)[k])
    assert {s.label for s in judge(true, predicted, "abc", "xyz").scores} == {None}


@pytest.mark.parametrize("by_groups", [False, True])
def test_blocks_of_draws_change_nothing(by_groups: bool) -> None:
    """Draws made block by block are those of one block."""
    held_out = HeldOut((tuple("abc"),) * 2, *repeats(100, 0))
    groups_n = np.arange(100) % 10 if by_groups else None
    whole, in_blocks = (
        draw_scores(held_out, np.random.default_rng(0), n_draws=300, groups_n=groups_n, **size)
        for size in ({}, {"most_numbers": 999})
    )
    assert whole.draws.keys() == in_blocks.draws.keys()
    for key, draws_b in whole.draws.items():
        np.testing.assert_array_equal(draws_b, in_blocks.draws[key])


def test_all_right_has_no_interval() -> None:
    """Where no draw differs, none claims certainty."""
    true, _ = repeats(50, 0)
    accuracy = judge(true, true).score("accuracy")
    assert (accuracy.value, accuracy.low, accuracy.high) == (1.0, None, None)


def test_groups_are_drawn_whole() -> None:
    """Donors that are all right or all wrong: the interval is that of ten coins, not 500."""
    group = np.repeat(np.arange(10), 50)
    true = np.tile([0, 1], 250)[None]
    wrong = np.isin(group, [1, 5, 7])
    predicted = np.where(wrong, 1 - true, true)
    accuracy = judge(true, predicted, "ab", n_draws=20_000, groups_n=group).score("accuracy")
    assert (accuracy.value, accuracy.n, accuracy.about) == (0.7, 500, OVER_GROUPS)
    # Student's 2.262 of 10 groups, expanded by √(10 / 9), leaves .86 % at either end.
    low, high = stats.binom.ppf([0.0086, 1 - 0.0086], 10, 0.7) / 10
    assert (accuracy.low, accuracy.high) == pytest.approx((low, high))
    of_cells = judge(true, predicted, "ab").score("accuracy")
    assert of_cells.low is not None
    assert of_cells.low > 0.65


def test_few_groups_have_no_interval() -> None:
    """Five donors are too few, and a sixth whose cells were not judged does not count."""
    true, predicted = repeats(120, 0)
    group = np.arange(120) % 6

    def accuracy() -> Score:
        return judge(true, predicted, n_draws=100, groups_n=group).score("accuracy")

    assert accuracy().low is not None
    predicted[:, group == 3] = -1
    assert accuracy().low is None
    judged = predicted[0] >= 0
    right = (true == predicted)[:, judged].mean()
    assert accuracy().value == pytest.approx(right)
    assert accuracy().about == "too few groups to draw from (5)"


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
    card = judge(true[None], predicted[None], "TBr", groups_n=group)
    for name in ("f1_macro", "balanced_accuracy"):
        score = card.score(name)
        assert (score.low is not None) == has_interval
        assert score.value == pytest.approx(metrics_of[name](true, predicted))
        if score.high is not None:
            assert score.about == OVER_GROUPS
            assert score.high < 0.67  # one of three labels is never right
        else:
            assert score.about == "labels in fewer than 4 groups: r (3)"
    assert card.score("accuracy").low is not None


metrics_of = {
    "f1_macro": lambda true, predicted: metrics.f1_score(true, predicted, average="macro"),
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
        predicted = np.where(right, true, 1 - true)
        card = judge(true[None], predicted[None], "ab", n_draws=300, seed=seed, groups_n=group)
        low, high = card.score("accuracy").low, card.score("accuracy").high
        covered += low is not None and high is not None and low <= 0.85 <= high
    assert 0.91 <= covered / 300 <= 0.99


@pytest.mark.parametrize("n_repeats", [1, 3])
def test_cell_intervals_cover(n_repeats: int) -> None:
    """Of 200 draws of cells that are right with p = .85, 91–99 % cover that accuracy."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        true = np.tile(rng.integers(3, size=200), (n_repeats, 1))
        # A cell that is hard in one repeat is hard in all of them.
        right = rng.random(true.shape) < rng.beta(8.5, 1.5, size=200)
        predicted = np.where(right, true, (true + 1) % 3)
        score = judge(true, predicted, n_draws=300, seed=seed).score("accuracy")
        covered += score.low <= 0.85 <= score.high
    assert 0.91 <= covered / 200 <= 0.99
