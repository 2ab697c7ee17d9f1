"""Claims about calibration."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from scbaseline import fit_temperature


def sample(temperature: float, seed: int, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return logits that are too large by a factor, with labels drawn at the right scale."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2.0, size=(n, 4))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return logits * temperature, np.minimum(codes, 3)


@given(st.floats(0.3, 5.0), st.integers(0, 20))
def test_the_true_temperature_is_found(temperature: float, seed: int) -> None:
    """Overconfidence by a known factor is undone, to within sampling error."""
    logits, codes = sample(temperature, seed)
    assert abs(fit_temperature(logits, codes) / temperature - 1) < 0.15


def test_it_equals_torchs_optimum() -> None:
    """An independent optimiser finds no better temperature."""
    logits, codes = sample(3.0, 0)
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    lbfgs = torch.optim.LBFGS([log_t], line_search_fn="strong_wolfe", max_iter=100)

    def loss() -> torch.Tensor:
        lbfgs.zero_grad()
        value = torch.nn.functional.cross_entropy(
            torch.from_numpy(logits) / log_t.exp(), torch.from_numpy(codes)
        )
        value.backward()
        return value

    lbfgs.step(loss)
    assert abs(fit_temperature(logits, codes) - log_t.exp().item()) < 1e-3


def test_all_right_does_not_mean_certain() -> None:
    """Separable validation cells would ask for temperature 0; the bound holds."""
    assert fit_temperature(np.eye(3)[[0, 1, 2]] * 5, np.array([0, 1, 2])) >= 0.05


@given(st.integers(0, 1000), st.integers(5, 60), st.floats(0.01, 100))
def test_no_predicted_label_changes(seed: int, n: int, scale: float) -> None:
    """Whatever the logits, and however wrong: dividing by the temperature keeps the order."""
    rng = np.random.default_rng(seed)
    logits = scale * rng.normal(size=(n, 4)).astype(np.float32)
    temperature = fit_temperature(logits, rng.integers(4, size=n))
    np.testing.assert_array_equal((logits / temperature).argmax(axis=1), logits.argmax(axis=1))
    assert 0.05 <= temperature <= 20
