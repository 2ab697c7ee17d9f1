"""Claims about the baselines: each entry of the table is tested by being there."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from scbaseline import RunConfig, predict_baseline
from scbaseline.errors import InputError
from scbaseline.learn.baselines import BASELINES, BaselinePrediction

WITH_PROBABILITIES = [name for name, one in BASELINES.items() if one.probabilities]


@pytest.fixture
def pcs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [60, 30, 30])
    points = 6 * np.eye(8)[codes] + rng.normal(size=(120, 8))
    return points.astype(np.float32), codes


def predict(
    name: str, train: np.ndarray, codes: np.ndarray, *, query: np.ndarray, n_labels: int = 3
) -> BaselinePrediction:
    return predict_baseline(
        name, train, codes, query_nf=query, n_labels=n_labels, config=RunConfig()
    )


@pytest.mark.parametrize("name", BASELINES)
def test_it_predicts_known_codes_the_same_way_twice(
    name: str, pcs: tuple[np.ndarray, np.ndarray]
) -> None:
    """Predictions are label codes, and equal for equal seeds."""
    points, codes = pcs
    one, two = (predict(name, points, codes, query=points) for _ in range(2))
    assert set(one.predicted_n) <= {0, 1, 2}
    np.testing.assert_array_equal(one.predicted_n, two.predicted_n)


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "majority"])
def test_it_tells_distant_types_apart(name: str, pcs: tuple[np.ndarray, np.ndarray]) -> None:
    """Well-separated types are learnt."""
    points, codes = pcs
    found = predict(name, points[::2], codes[::2], query=points[1::2])
    assert (found.predicted_n == codes[1::2]).mean() > 0.97


def test_majority_is_the_largest_label(pcs: tuple[np.ndarray, np.ndarray]) -> None:
    """The floor: always the commonest training label, with the labels' shares as probabilities."""
    points, codes = pcs
    found = predict("majority", points, codes, query=points)
    assert set(found.predicted_n) == {0}
    np.testing.assert_allclose(found.probability_nk, np.tile([0.5, 0.25, 0.25], (120, 1)))


@pytest.mark.parametrize("name", WITH_PROBABILITIES)
def test_every_label_has_a_column(name: str, pcs: tuple[np.ndarray, np.ndarray]) -> None:
    """Codes 1, 3 and 5 of six were never trained on: their probability is 0, and rows sum to 1."""
    points, codes = pcs
    found = predict(name, points, 2 * codes, query=points, n_labels=6)
    assert found.probability_nk is not None
    assert found.probability_nk.shape == (120, 6)
    assert (found.probability_nk[:, [1, 3, 5]] == 0).all()
    np.testing.assert_allclose(found.probability_nk.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(found.probability_nk.argmax(axis=1), found.predicted_n)


@pytest.mark.parametrize("name", BASELINES)
def test_one_label_is_an_error(name: str, pcs: tuple[np.ndarray, np.ndarray]) -> None:
    """Training cells of one label teach no model; the message counts them."""
    points, _ = pcs
    with pytest.raises(InputError, match="120 training cells have 1 of 3 labels"):
        predict(name, points, np.ones(120, dtype=int), query=points)


def test_the_constant_row_goes_into_the_intercept() -> None:
    """Scaled genes, and their sparse difference from the constant row, give one model.

    The dense one is scikit-learn's, taken to its optimum.
    """
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=150)
    difference = rng.poisson(0.3 + 0.9 * (np.arange(200) % 3 == codes[:, None])) * 0.8
    dense = difference - rng.random(200)
    train, query = slice(0, 100), slice(100, None)
    x = sparse.csr_matrix(difference)
    found = predict("logistic-hvg", x[train], codes[train], query=x[query])
    theirs = LogisticRegression(C=0.01, max_iter=5000, tol=1e-8).fit(dense[train], codes[train])
    logits = theirs.decision_function(dense[query])
    np.testing.assert_allclose(found.probability_nk, softmax(logits, axis=1), atol=0.01)
