"""Claims about the examples of public docstrings: each public name has one, and each runs."""

import doctest
import inspect
from types import ModuleType
from typing import Any

import pytest

import scbaseline


def public() -> dict[str, Any]:
    """Return every public name, and the figures of ``pl``, with what they are."""
    found = {name: getattr(scbaseline, name) for name in scbaseline.__all__}
    return {k: v for k, v in found.items() if not isinstance(v, ModuleType)} | {
        f"pl.{name}": getattr(scbaseline.pl, name) for name in scbaseline.pl.__all__
    }


def documented() -> dict[str, Any]:
    """Return the public names, and the public methods of classes that have an example."""
    found = public()
    for name, value in list(found.items()):
        if inspect.isclass(value):
            own = {f"{name}.{k}": v for k in vars(value) if callable(v := getattr(value, k))}
            found |= {k: v for k, v in own.items() if ">>> " in (inspect.getdoc(v) or "")}
    return found


DOCUMENTED = documented()


@pytest.mark.parametrize("name", public())
def test_public_name_has_an_example(name: str) -> None:
    """``help()`` of each public name ends with something to type."""
    assert ">>> " in (inspect.getdoc(public()[name]) or ""), f"{name}: no example"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_example_runs(name: str) -> None:
    """What an example shows is what Python prints."""
    text = inspect.getdoc(DOCUMENTED[name]) or ""
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    shown: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=shown.append)
    assert outcome.attempted > 0
    assert outcome.failed == 0, "".join(shown)
