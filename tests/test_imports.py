"""What importing the package costs, and what it offers once imported."""

import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

import scbaseline

HEAVY = {
    "anndata",
    "h5py",
    "igraph",
    "matplotlib",
    "numba",
    "pandas",
    "scanpy",
    "scipy",
    "sklearn",
    "torch",
    "umap",
}

HELP = """
from contextlib import suppress
from scbaseline.cli import main
with suppress(SystemExit):
    main({})
"""

COMMANDS = (
    "",
    "audit",
    "datasets",
    "doctor",
    "evaluate",
    "predict",
    "recipes",
    "run",
    "show",
    "train",
)

CHEAP = {"import scbaseline": "import scbaseline"} | {
    f"scbaseline {name} --help": HELP.format([*name.split(), "--help"]) for name in COMMANDS
}
"""What must cost nothing, as code."""


def in_new_process(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process that warns with errors and whose home, and place, is ``home``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "SCBASELINE_"))}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=home,
        env=kept | {"HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("code", CHEAP.values(), ids=CHEAP.keys())
def test_loads_no_heavy_library(code: str, tmp_path: Path) -> None:
    """Neither the import nor ``--help`` makes a user wait for torch or scanpy."""
    loaded = "import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    modules = json.loads(in_new_process(f"{code}\n{loaded}", tmp_path).stderr)
    assert "scbaseline" in modules
    assert not HEAVY.intersection(modules)


@pytest.mark.parametrize("code", CHEAP.values(), ids=CHEAP.keys())
def test_writes_nothing(code: str, tmp_path: Path) -> None:
    """Neither the import nor ``--help`` leaves anything in the user's home or current folder."""
    in_new_process(code, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_import_is_silent(tmp_path: Path) -> None:
    """Importing the package prints and logs nothing."""
    done = in_new_process("import scbaseline", tmp_path)
    assert (done.stdout, done.stderr) == ("", "")


def test_all_is_exactly_what_is_visible() -> None:
    """``__all__`` names all that is visible, in order, and each name of the stub once."""
    stub = Path(scbaseline.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    names = re.findall(r"^from .* import (\w+) as \1$", stub, flags=re.MULTILINE)
    assert scbaseline.__all__ == dir(scbaseline) == sorted(names)


def test_figures_cost_nothing_until_they_are_used(tmp_path: Path) -> None:
    """``scbaseline.pl`` is there without matplotlib being loaded by the import of the package."""
    code = "import sys, scbaseline as sb; assert 'matplotlib' not in sys.modules; sb.pl.umap"
    assert in_new_process(code, tmp_path).stderr == ""


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that the package does not have is refused as by any module."""
    with pytest.raises(AttributeError, match="No scbaseline attribute runn"):
        scbaseline.runn  # noqa: B018 (looking it up is the test)


@pytest.mark.parametrize("name", [name for name in scbaseline.__all__ if name != "pl"])
def test_public_name_is_never_a_module(name: str) -> None:
    """No module of the package takes a public name over, whichever modules were imported."""
    for module in pkgutil.walk_packages(scbaseline.__path__, "scbaseline."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert isinstance(getattr(scbaseline, name), FunctionType | type)


def functions() -> dict[str, Any]:
    """Return every public function, and every public method of a public class, by its name."""
    found: dict[str, Any] = {}
    for name in scbaseline.__all__:
        value = getattr(scbaseline, name)
        if inspect.isfunction(value):
            found[name] = value
        elif isinstance(value, ModuleType):
            found |= {f"{name}.{k}": getattr(value, k) for k in value.__all__}
        else:
            own = {k: getattr(value, k) for k in vars(value) if not k.startswith("_")}
            found |= {f"{name}.{k}": method for k, method in own.items() if callable(method)}
    return found


FUNCTIONS = functions()


def positional(function: Any) -> Iterator[inspect.Parameter]:
    """Yield the parameters that a caller may give without a name, but for ``self``."""
    for parameter in inspect.signature(function).parameters.values():
        by_position = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if by_position and parameter.name != "self":
            yield parameter


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_takes_at_most_three_by_position(function: Any) -> None:
    """Data, then settings: a public call can be read without the signature beside it."""
    assert len(list(positional(function))) <= 3


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_takes_no_boolean_by_position(function: Any) -> None:
    """A True in a call always has its name before it."""
    assert not [p.name for p in positional(function) if p.annotation in (bool, "bool")]


PUBLIC = [name for name in FUNCTIONS if "." not in name]


@pytest.mark.parametrize("name", PUBLIC)
def test_docstring_describes_parameters(name: str) -> None:
    """Each public function's docstring has a section that says what to pass."""
    assert described(FUNCTIONS[name])


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_docstring_describes_no_parameter_that_is_gone(function: Any) -> None:
    """Every name that a docstring describes is a parameter of its function."""
    assert described(function) <= set(inspect.signature(function).parameters)


def described(function: Any) -> set[str]:
    """Return the names that the Parameters section of a docstring describes."""
    section = re.search(
        r"^Parameters\n-{10}\n(.*?)(?=^\w+\n-{3,}$|\Z)",
        inspect.getdoc(function) or "",
        flags=re.DOTALL | re.MULTILINE,
    )
    if section is None:
        return set()
    headings = re.findall(r"^(\w[\w, ]*)", section[1], flags=re.MULTILINE)
    return {name.strip() for heading in headings for name in heading.split(",")}
