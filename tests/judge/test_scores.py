"""Claims about scores and their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import bootstrap
from scipy.stats import t as student
from sklearn import metrics

from scbaseline.errors import InputError
from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.intervals import OVER_TEST_CELLS
from scbaseline.judge.metrics import METRICS
from scbaseline.judge.scores import EQUAL_DRAWS, Scorecard, score_predictions

LABELS = ("a", "b", "c")


def judge(
    true: np.ndarray,
    predicted: np.ndarray,
    labels: tuple[str, ...] = LABELS,
    *,
    n_draws: int = 2000,
    seed: int = 0,
) -> Scorecard:
    held_out = HeldOut.of_one_test(true, predicted, labels)
    return score_predictions(held_out, np.random.default_rng(seed), n_draws=n_draws)


def judge_probabilities(
    true: np.ndarray, p: np.ndarray, uncalibrated: np.ndarray | None = None
) -> Scorecard:
    held_out = HeldOut.of_one_test(
        true,
        p.argmax(axis=1),
        tuple(str(k) for k in range(p.shape[1])),
        probability_nk=p,
        uncalibrated_nk=uncalibrated,
    )
    return score_predictions(held_out, np.random.default_rng(0), n_draws=100)


def drawn_probabilities(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels that are drawn with just the probabilities beside them."""
    rng = np.random.default_rng(seed)
    p = softmax(2 * rng.normal(size=(n, k)), axis=1)
    return (p.cumsum(axis=1)[:, :-1] < rng.random((n, 1))).sum(axis=1), p


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
    one = judge(true, predicted, n_draws=100)
    assert one.score("accuracy").value == metrics.accuracy_score(true, predicted)
    assert one.score("f1_macro").value == metrics.f1_score(
        true, predicted, labels=np.unique(true), average="macro", zero_division=0
    )
    for score in one.scores:
        assert (score.low is None) == (score.high is None)
        least = -1 if score.metric == "kappa" else 0
        assert score.low is None or least <= score.low <= score.value <= score.high <= 1 + 1e-9


def test_the_accuracy_interval_is_scipys_bootstrap() -> None:
    """Drawing the number of right cells is drawing cells: scipy, drawing cells, agrees."""
    rng = np.random.default_rng(0)
    true = rng.integers(3, size=400)
    predicted = np.where(rng.random(400) < 0.85, true, (true + 1) % 3)
    score = judge(true, predicted, n_draws=20_000).score("accuracy")
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
    score = judge(true, predicted, n_draws=4000).score("f1_macro")
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
        score = judge(true, predicted, n_draws=400, seed=seed).score("accuracy")
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
        labels = tuple(str(k) for k in range(10))
        score = judge(true, predicted, labels, n_draws=400, seed=seed).score("f1_macro")
        covered += score.low <= truth <= score.high
    assert 0.90 <= covered / 200 <= 0.995


def test_a_handful_of_cells_gets_no_interval() -> None:
    """A label with one test cell has a value, but no interval that would claim certainty."""
    one = judge(np.array([0] * 20 + [1] * 20 + [2]), np.array([0] * 19 + [1] * 21 + [2]))
    assert one.score("f1", "c").low is None
    assert one.score("f1", "a").low is not None


def test_probability_scores_of_a_hand_computed_example() -> None:
    """Three labels, two cells: log loss, Brier score and top-2 as computed with a pencil."""
    one = judge_probabilities(np.array([0, 2]), np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1]]))
    assert one.score("log_loss").value == pytest.approx(-(np.log(0.5) + np.log(0.1)) / 2)
    brier = (0.25 + 0.09 + 0.04 + 0.36 + 0.09 + 0.81) / 2
    assert one.score("brier").value == pytest.approx(brier)
    assert one.score("top_2").value == 0.5
    # Two cells make one bin: mean confidence .55, half of them right.
    assert one.score("ece").value == pytest.approx(0.05)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5), st.integers(20, 200), st.integers(0, 2**20))
def test_probability_scores_equal_scikit_learns(k: int, n: int, seed: int) -> None:
    """Log loss, top-2 accuracy and, by one-hot squared errors, the Brier score agree."""
    true, p = drawn_probabilities(n, k, seed)
    one = judge_probabilities(true, p)
    assert one.score("log_loss").value == pytest.approx(
        metrics.log_loss(true, p, labels=np.arange(k))
    )
    assert one.score("brier").value == pytest.approx(
        k * metrics.mean_squared_error(np.eye(k)[true], p)
    )
    if k > 2:
        assert one.score("top_2").value == pytest.approx(
            metrics.top_k_accuracy_score(true, p, k=2, labels=np.arange(k))
        )
    else:
        assert "top_2" not in {score.metric for score in one.scores}


def test_a_certain_error_costs_what_it_costs_in_scikit_learn() -> None:
    """A true label of probability 0 gives a large but finite log loss."""
    p = np.array([[1.0, 0.0, 0.0], [0.2, 0.5, 0.3]])
    value = judge_probabilities(np.array([1, 1]), p).score("log_loss").value
    assert value == pytest.approx(metrics.log_loss([1, 1], p, labels=[0, 1, 2]))


@pytest.mark.parametrize("metric", ["log_loss", "brier", "top_2"])
def test_a_mean_over_test_cells_has_students_interval(metric: str) -> None:
    """Scipy's interval of the mean of what each cell adds agrees to the last digits."""
    true, p = drawn_probabilities(300, 4, 0)
    of_true = p[np.arange(300), true]
    of_cells = {
        "log_loss": -np.log(of_true),
        "brier": ((np.eye(4)[true] - p) ** 2).sum(axis=1),
        "top_2": ((p > of_true[:, None]).sum(axis=1) < 2).astype(float),
    }[metric]
    score = judge_probabilities(true, p).score(metric)
    theirs = student.interval(0.95, 299, of_cells.mean(), of_cells.std(ddof=1) / np.sqrt(300))
    assert (score.low, score.high) == pytest.approx(theirs)
    assert (score.about, score.n) == (OVER_TEST_CELLS, 300)


def test_no_interval_leaves_the_metrics_range() -> None:
    """One of twenty cells is beyond the second label: top-2 accuracy may not exceed 1."""
    p = np.tile([0.6, 0.3, 0.1], (20, 1))
    score = judge_probabilities(np.array([2] + [0] * 19), p).score("top_2")
    assert score.value == 0.95
    assert score.high == 1.0


def test_cells_that_are_all_alike_have_no_interval() -> None:
    """Each of thirty cells has the same probabilities and label, up to rounding: no spread."""
    p = np.tile([0.7, 0.2, 0.1], (30, 1))
    card = judge_probabilities(np.zeros(30, dtype=int), p)
    for metric in ("log_loss", "brier", "top_2"):
        score = card.score(metric)
        assert (score.low, score.high, score.about) == (None, None, "every cell is equal")


def test_scores_follow_the_table() -> None:
    """Scores over all labels come in the table's order; calibration errors lack intervals."""
    true, p = drawn_probabilities(200, 3, 0)
    one = judge_probabilities(true, p, softmax(3 * np.log(p), axis=1))
    over_all = [score for score in one.scores if score.label is None]
    assert [score.metric for score in over_all] == list(METRICS)
    assert {s.metric for s in over_all if s.low is None} == {"ece", "ece_uncalibrated"}


def test_overconfidence_shows_before_the_temperature() -> None:
    """Logits × 3 have a larger calibration error, and bins with confidence above the right."""
    true, p = drawn_probabilities(3000, 4, 0)
    one = judge_probabilities(true, p, softmax(3 * np.log(p), axis=1))
    assert one.score("ece").value < 0.04 < 0.1 < one.score("ece_uncalibrated").value
    assert one.reliability is not None
    before = one.reliability.uncalibrated
    assert before is not None
    assert (before.confidence_b > before.right_b)[:12].all()


@pytest.mark.parametrize(
    "p", [np.full((2, 3), 0.5), np.full((2, 2), 0.5), np.array([[1.5, -0.5, 0], [1, 0, 0]])]
)
def test_what_is_no_probability_is_refused(p: np.ndarray) -> None:
    """Wrong sums, wrong shapes and negative numbers are errors that say so."""
    codes = np.array([0, 1])
    held_out = HeldOut.of_one_test(codes, codes, LABELS, probability_nk=p)
    with pytest.raises(InputError, match="wanted"):
        score_predictions(held_out, np.random.default_rng(0), n_draws=100)


def test_a_score_that_was_not_computed_is_named() -> None:
    """Asking for a log loss where there were no probabilities says what is missing."""
    with pytest.raises(KeyError, match="log_loss"):
        judge(np.array([0, 1, 2]), np.array([0, 1, 2])).score("log_loss")


def test_one_draw_of_counts_has_no_interval_in_any_metric() -> None:
    """Where draws of the counts are the spread, one of them is no spread."""
    true, p = drawn_probabilities(200, 3, 0)
    held_out = HeldOut.of_one_test(true, p.argmax(axis=1), LABELS, probability_nk=p)
    card = score_predictions(held_out, np.random.default_rng(0), n_draws=100, draws_apart=True)
    assert all(score.low is None and score.high is None for score in card.scores)


def test_a_metric_that_a_repeat_lacks_is_left_out() -> None:
    """With two labels in one repeat, there is no top-2 accuracy of both."""
    (true_a, p_a), (true_b, p_b) = (drawn_probabilities(80, k, k) for k in (2, 3))
    held_out = HeldOut(
        (LABELS[:2], LABELS),
        np.stack([true_a, true_b]),
        np.stack([p_a.argmax(axis=1), p_b.argmax(axis=1)]),
        (p_a, p_b),
    )
    card = score_predictions(held_out, np.random.default_rng(0), n_draws=100)
    assert "top_2" not in {score.metric for score in card.scores}
    expected = [metrics.log_loss(true, p) for true, p in ((true_a, p_a), (true_b, p_b))]
    assert card.score("log_loss").repeats == pytest.approx(tuple(expected))
    assert card.score("log_loss").value == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("n_repeats", [1, 3])
def test_an_interval_or_a_reason(n_repeats: int) -> None:
    """Every score says what its interval is about, or why it has none."""
    rng = np.random.default_rng(0)
    true = np.tile(np.repeat([0, 1, 2], [40, 40, 3]), (n_repeats, 1))
    predicted = np.where(rng.random(true.shape) < 0.8, true, 0)
    held_out = HeldOut((LABELS,) * n_repeats, true, predicted, train_accuracy=0.9, n_train=100)
    groups = np.arange(83) % 8
    about = {True: set(), False: set()}
    for groups_n in (None, groups):
        card = score_predictions(held_out, rng, n_draws=100, groups_n=groups_n)
        for score in card.scores:
            about[score.low is None].add(score.about)
    assert "" not in about[True] | about[False]
    assert not about[True] & about[False]


def test_all_right_is_not_certain() -> None:
    """Where every cell is right, every draw is, and the score says so in place of an interval."""
    true = np.repeat([0, 1, 2], 20)
    score = judge(true, true).score("kappa")
    assert (score.value, score.low, score.high, score.about) == (1.0, None, None, EQUAL_DRAWS)


def test_training_accuracy_is_handed_on() -> None:
    """The share of training cells that are right stands beside the others, with their number."""
    true = np.array([[0, 1, 2]])
    held_out = HeldOut((LABELS,), true, true, train_accuracy=0.75, n_train=39.6)
    card = score_predictions(held_out, np.random.default_rng(0), n_draws=100)
    assert (card.score("train_accuracy").value, card.score("train_accuracy").n) == (0.75, 40)
