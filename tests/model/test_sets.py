"""Claims about prediction sets: they cover what they say, are never empty, and read aloud."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from scbaseline.errors import ConfigError
from scbaseline.model.options import PredictOptions
from scbaseline.model.sets import MIN_CELLS, PredictionSets, joined_labels


def cells(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities that lean on the truth, and the truth."""
    rng = np.random.default_rng(seed)
    codes_n = rng.integers(k, size=n)
    return softmax(rng.normal(size=(n, k)) + 2 * np.eye(k)[codes_n], axis=1), codes_n


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_sets_cover_their_level(level: float) -> None:
    """Of 20,000 new cells, as many sets as the level says hold the true label, in each label."""
    sets = PredictionSets.fitted(*cells(20_000, 4, seed=0))
    probability_nk, codes_n = cells(20_000, 4, seed=1)
    score_n = 1 - probability_nk[np.arange(len(codes_n)), codes_n]
    inside_nk = sets.inside(probability_nk, level=level)
    for k in range(4):
        own_n = codes_n == k
        assert (score_n[own_n] <= sets.thresholds(level)[k]).mean() == pytest.approx(
            level, abs=0.02
        )
        assert inside_nk[own_n, k].mean() > level - 0.02


@given(n=st.integers(1, 60), level=st.floats(0.01, 0.99), seed=st.integers(0, 99))
def test_thresholds_are_those_of_split_conformal(n: int, level: float, seed: int) -> None:
    """Against the sorted scores themselves: never below the ⌈(n + 1) level⌉-th, if near it."""
    probability_nk, _ = cells(n, 2, seed)
    codes_n = np.zeros(n, dtype=np.int64)
    threshold = PredictionSets.fitted(probability_nk, codes_n).thresholds(level)[0]
    score_n = np.sort(1 - probability_nk[:, 0])
    rank = int(np.ceil((n + 1) * level - 1e-9))
    if rank > n:
        assert np.isinf(threshold)
    else:
        assert threshold == pytest.approx(score_n[rank - 1], rel=1e-6)


def test_a_rare_label_takes_the_threshold_of_all() -> None:
    """Below twenty cells, a label's own scores do not count."""
    probability_nk, codes_n = cells(400, 3, seed=0)
    codes_n[codes_n == 2] = 1
    codes_n[: MIN_CELLS - 1] = 2
    sets = PredictionSets.fitted(probability_nk, codes_n)
    score_n = np.sort(1 - probability_nk[np.arange(400), codes_n])
    assert sets.thresholds(0.9)[2] == pytest.approx(score_n[int(np.ceil(401 * 0.9)) - 1])
    assert sets.thresholds(0.9)[1] != sets.thresholds(0.9)[2]


def test_no_set_is_empty() -> None:
    """A cell that fits no label keeps its predicted one."""
    sets = PredictionSets.fitted(np.full((100, 2), [0.99, 0.01]), np.zeros(100, dtype=np.int64))
    assert sets.inside(np.array([[0.5, 0.5]]), level=0.9).sum() >= 1


def test_the_most_probable_label_is_named_first() -> None:
    """Labels of a set are joined by a bar, in the order of their probability."""
    inside_nk = np.array([[True, True, False], [False, True, False]])
    probability_nk = np.array([[0.2, 0.7, 0.1], [0.1, 0.8, 0.1]])
    assert list(joined_labels(inside_nk, probability_nk, ["B", "NK", "T"])) == ["NK|B", "NK"]


@pytest.mark.parametrize("option", ["reject_known", "set_level"])
@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 5.0, float("nan")])
def test_a_share_outside_0_to_1_is_refused(option: str, share: float) -> None:
    """The error names the flag."""
    with pytest.raises(ConfigError, match=f"--{option.replace('_', '-')}"):
        PredictOptions(**{option: share})
