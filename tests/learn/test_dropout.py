"""Claims about dropout."""

import numpy as np
import pytest
import torch

from scbaseline.learn.dropout import Dropout


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_so_many_units_are_silenced_and_the_mean_is_kept(share: float) -> None:
    """The share of zeros is the one asked for, to five standard errors; the others grow by it."""
    torch.manual_seed(0)
    units = Dropout(share)(torch.ones(1001, 333))
    silent = (units == 0).double()
    assert abs(silent.mean() - share) < 5 * np.sqrt(share * (1 - share) / units.numel())
    np.testing.assert_allclose(units[units > 0], 1 / (1 - share), rtol=1e-4)


def test_units_are_silenced_independently() -> None:
    """No two units, also not those cut from one random number, are silenced together."""
    torch.manual_seed(0)
    silent = (Dropout(0.3)(torch.ones(20_000, 12)) == 0).numpy()
    correlation = np.corrcoef(silent, rowvar=False) - np.eye(12)
    assert np.abs(correlation).max() < 5 / np.sqrt(20_000)


def test_evaluation_silences_nothing() -> None:
    """In evaluation mode units are handed back as they are."""
    units = torch.randn(3, 5)
    assert Dropout(0.5).eval()(units) is units


def test_the_gradient_passes_where_the_unit_did() -> None:
    """The gradient by a unit is the factor that the unit was scaled by."""
    torch.manual_seed(1)
    units = torch.ones(40, 7, requires_grad=True)
    out = Dropout(0.3)(units)
    out.sum().backward()
    assert torch.equal(units.grad, out.detach())
