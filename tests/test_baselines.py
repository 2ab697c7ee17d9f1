"""Claims about the baselines: each entry of the table is tested by being there."""

import numpy as np
import pytest

from scbaseline import RunConfig, predict_baseline
from scbaseline.baselines import BASELINES


@pytest.fixture
def pcs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [60, 30, 30])
    points = 6 * np.eye(8)[codes] + rng.normal(size=(120, 8))
    return points.astype(np.float32), codes


@pytest.mark.parametrize("name", BASELINES)
def test_it_predicts_known_codes_the_same_way_twice(
    name: str, pcs: tuple[np.ndarray, np.ndarray]
) -> None:
    """Predictions are label codes, and equal for equal seeds."""
    points, codes = pcs
    one, two = (
        predict_baseline(name, points, codes, query_pcs_nc=points, config=RunConfig())
        for _ in range(2)
    )
    assert set(one) <= {0, 1, 2}
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", [name for name in BASELINES if name != "majority"])
def test_it_tells_distant_types_apart(name: str, pcs: tuple[np.ndarray, np.ndarray]) -> None:
    """Well-separated types are learnt."""
    points, codes = pcs
    predicted = predict_baseline(
        name, points[::2], codes[::2], query_pcs_nc=points[1::2], config=RunConfig()
    )
    assert (predicted == codes[1::2]).mean() > 0.97


def test_majority_is_the_largest_label(pcs: tuple[np.ndarray, np.ndarray]) -> None:
    """The floor: always the commonest training label."""
    points, codes = pcs
    assert set(
        predict_baseline("majority", points, codes, query_pcs_nc=points, config=RunConfig())
    ) == {0}
