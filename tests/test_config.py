"""Claims about the settings of a run."""

import ast
import dataclasses
import inspect
import re
from itertools import pairwise

import pytest

from scbaseline import RunConfig, config
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


@pytest.mark.parametrize(
    "settings",
    [{"seed": 1.5}, {"seed": "0"}, {"min_genes": True}, {"resolution": None}, {"recipe": "pca"}],
    ids=str,
)
def test_a_value_of_another_type_is_refused(settings: dict) -> None:
    """A setting is not rounded or taken apart silently."""
    with pytest.raises(ConfigError, match="is wanted"):
        RunConfig(**settings)


@pytest.mark.parametrize("name", ["protocol", "recipe"])
def test_no_name_at_all_is_refused(name: str) -> None:
    """Leaving a setting out asks for the default; an empty tuple asks for nothing."""
    assert getattr(RunConfig(), name) is None
    with pytest.raises(ConfigError, match=f"{name}: none was given"):
        RunConfig(**{name: ()})


def words_of(name: str) -> str:
    """Return what stands below a field, as the help shows it."""
    (body,) = (
        node.body
        for node in ast.parse(inspect.getsource(config)).body
        if isinstance(node, ast.ClassDef)
    )
    below = {
        node.target.id: after.value.value
        for node, after in pairwise(body)
        if isinstance(node, ast.AnnAssign)
    }
    return below[name]


def test_the_fields_words_name_the_choices_of_the_tables() -> None:
    """The help names each protocol, those that a run takes first, and each recipe by default."""
    names = re.findall(r"[\w-]+", words_of("protocol").partition(". By default")[0])
    named = [name for name in names if name in PROTOCOLS]
    assert set(named) == set(PROTOCOLS) - {"external"}
    in_run = [protocol.name for protocol in PROTOCOLS.values() if protocol.in_run]
    assert named[: len(in_run)] == in_run
    assert len(in_run) == 4  # "the first four"
    words = words_of("recipe")
    usual = [recipe.name for recipe in RECIPES.values() if recipe.used == "by default"]
    assert f": {', '.join(usual)}, or" in words
    (for_use,) = (recipe.name for recipe in RECIPES.values() if recipe.for_use)
    assert words.endswith(f"train takes {for_use}.")


def test_shares_must_leave_cells_to_train_on() -> None:
    """Test and validation may not take all cells."""
    with pytest.raises(ConfigError, match=r"0\.6 \+ 0\.35"):
        RunConfig(test_fraction=0.6, validation_fraction=0.35)
