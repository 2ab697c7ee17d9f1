"""Claims about the benchmarks, which no other test starts: what they import is there."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


def imports_of(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield module and name of each import from this package, also in scripts kept as texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scbaseline"):
            yield from ((node.module or "", name.name) for name in node.names)
        elif isinstance(node, ast.Constant) and "from scbaseline" in str(node.value):
            try:
                script = ast.parse(str(node.value))
            except SyntaxError:  # prose
                continue
            yield from imports_of(script)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there(path: Path) -> None:
    """A name that moved is noticed before somebody measures."""
    for module, name in imports_of(ast.parse(path.read_text(encoding="utf-8"))):
        assert hasattr(import_module(module), name), f"{path.name}: from {module} import {name}"


def test_imports_in_texts_are_seen() -> None:
    """The check above also looks into scripts that a benchmark starts."""
    tree = ast.parse('SCRIPT = """\nfrom scbaseline.counts import gone\n"""')
    assert list(imports_of(tree)) == [("scbaseline.counts", "gone")]
