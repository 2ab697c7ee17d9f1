"""Claims about the settings of a run."""

import dataclasses
import re

import pytest

from scbaseline import RunConfig
from scbaseline.config import _BOUNDS
from scbaseline.errors import ConfigError
from scbaseline.learn.recipes import RECIPES
from scbaseline.study.protocols import PROTOCOLS


@pytest.mark.parametrize("name", _BOUNDS)
def test_a_value_below_its_bound_is_refused_by_name(name: str) -> None:
    """A bad number is refused; the message names the field and the value."""
    low, _ = _BOUNDS[name]
    with pytest.raises(ConfigError, match=rf"{name}: .*{re.escape(f'{low - 1!r}')}"):
        RunConfig(**{name: low - 1})


def test_every_number_has_a_bound() -> None:
    """A new numeric field without a bound is noticed."""
    numeric = {
        field.name
        for field in dataclasses.fields(RunConfig)
        if str(field.type).replace(" | None", "") in ("<class 'int'>", "<class 'float'>")
        or field.type in (int | None, float | None)
    }
    assert numeric == set(_BOUNDS)


def test_nan_is_out_of_range() -> None:
    """NaN compares false with every bound and is refused all the same."""
    with pytest.raises(ConfigError, match="resolution"):
        RunConfig(resolution=float("nan"))


def test_an_unknown_recipe_brings_near_matches() -> None:
    """A mistyped recipe is answered with the one that was meant."""
    with pytest.raises(ConfigError, match=r"hgv.*Did you mean hvg"):
        RunConfig(recipe=("hgv",))


@pytest.mark.parametrize(
    "settings",
    [{"seed": 1.5}, {"seed": "0"}, {"min_genes": True}, {"resolution": None}, {"recipe": "pca"}],
    ids=str,
)
def test_a_value_of_another_type_is_refused(settings: dict) -> None:
    """A setting is not rounded or taken apart silently."""
    with pytest.raises(ConfigError, match="is wanted"):
        RunConfig(**settings)


def test_order_of_recipes_does_not_matter() -> None:
    """Two ways to say the same settings are equal."""
    assert RunConfig(recipe=("hvg", "pca")) == RunConfig(recipe=("pca", "hvg", "hvg"))


def test_the_fields_words_name_every_choice() -> None:
    """The defaults are the tables, and the help names each entry."""
    assert RunConfig().recipe == tuple(RECIPES)
    assert RunConfig().with_protocols(PROTOCOLS).protocol == tuple(PROTOCOLS)


def test_shares_must_leave_cells_to_train_on() -> None:
    """Test and validation may not take all cells."""
    with pytest.raises(ConfigError, match=r"0\.6 \+ 0\.35"):
        RunConfig(test_fraction=0.6, validation_fraction=0.35)
