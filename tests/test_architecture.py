"""Claims about the building: its page, its contracts and its code say the same."""

import ast
import configparser
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scbaseline.learn.recipes import RECIPES
from scbaseline.study.protocols import PROTOCOLS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src/scbaseline"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
FILES = {path.relative_to(SOURCE).as_posix(): path for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}

TABLES = {"learn/recipes/__init__.py": RECIPES, "study/protocols.py": PROTOCOLS}
"""The files in which names of recipes and protocols may stand."""

OTHER_MEANINGS = {
    "hvg": "an input of a recipe, too: the scaled highly variable genes",
    "pca": "an input of a recipe, too: the principal components",
    "group": "the name of a column, a field or an HDF5 group",
    "external": "a word",
    "majority": "a word",
}
"""Names of rows that are other things, too, and what they mean elsewhere."""

MAX_LINES = 300
MAX_FUNCTION_LINES = 60


def table(head: str) -> list[list[str]]:
    """Return the rows of the page's table whose first column has this head."""
    lines = PAGE.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith(f"| {head} |")) + 2
    rows = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.fixture(scope="module")
def contracts() -> configparser.ConfigParser:
    """Return the import contracts."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser


def test_the_page_shows_the_floors_of_the_contract(contracts: configparser.ConfigParser) -> None:
    """The same floors in the same order, those side by side in any."""
    layers = contracts["importlinter:contract:floors"]["layers"].split("\n")
    floors = [set(re.split(r"\s*[|:]\s*", line)) for line in layers if line]
    beneath = [line for line in floors if line not in ({"__main__"}, floors[-1])]
    *shown, root = [row[0].strip("`") for row in table("floor")]
    assert root == "root files"
    for names in beneath:
        assert set(shown[: len(names)]) == names
        shown = shown[len(names) :]
    assert shown == []


def test_folders_and_root_files_are_those_of_the_contract(
    contracts: configparser.ConfigParser,
) -> None:
    """Each folder is a floor, and each root file stands on the ground floor."""
    layers = contracts["importlinter:contract:floors"]["layers"]
    named = set(re.findall(r"\w+", layers))
    there = {name.split("/")[0].removesuffix(".py") for name in FILES} - {"__init__"}
    assert named == there


def test_the_page_shows_where_heavy_libraries_are_allowed(
    contracts: configparser.ConfigParser,
) -> None:
    """The last column of the table is what the contracts let in."""
    allowed: dict[str, set[str]] = {}
    for name in contracts.sections():
        for exception in contracts[name].get("ignore_imports", "").split("\n"):
            match = re.fullmatch(r"scbaseline\.(\w+)\.\*\* -> (\w+)", exception)
            assert match or not exception, exception
            if match:
                allowed.setdefault(match[1], set()).add(match[2])
    shown = {row[0].strip("`"): set(row[2].split(", ")) for row in table("floor") if row[2]}
    assert shown == allowed


@pytest.mark.parametrize("row", table("to add"), ids=lambda row: row[0])
def test_where_to_add_names_places_that_exist(row: list[str]) -> None:
    """Each path of the table is a file or a folder of the package."""
    places = [text for text in re.findall(r"`([^`]+)`", row[1]) if "/" in text]
    assert places
    for place in places:
        assert (SOURCE / place).exists(), place


def code_texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the texts of a file, without docstrings."""
    words = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in words:
            yield node


def test_no_file_names_a_row() -> None:
    """What depends on a recipe or a protocol stands in its row, so no other file names one."""
    rows = (RECIPES.keys() | PROTOCOLS.keys()) - OTHER_MEANINGS.keys()
    named = [
        f"{name}:{text.lineno}: {text.value!r}"
        for name in FILES.keys() - TABLES
        for text in code_texts(TREES[name])
        if text.value in rows
    ]
    assert named == []


def test_no_file_is_long() -> None:
    """A file can be read in one sitting."""
    n_lines = {name: path.read_text(encoding="utf-8").count("\n") for name, path in FILES.items()}
    assert {name: n for name, n in n_lines.items() if n > MAX_LINES} == {}


def test_no_function_is_long() -> None:
    """A function's code, without its docstring, fits on a page."""
    long = [
        f"{name}: {node.name}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and code_lines(node) > MAX_FUNCTION_LINES
    ]
    assert long == []


def code_lines(function: ast.FunctionDef) -> int:
    """Return the number of lines from the first statement to the last."""
    has_docstring = ast.get_docstring(function) is not None
    body = function.body[has_docstring:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_tests_import_what_is_declared() -> None:
    """Each library that a test imports is a dependency, or one of the test group."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["project"]["dependencies"] + project["dependency-groups"]["test"]
    names = {canonical(Requirement(line).name) for line in declared}
    files = list((ROOT / "tests").rglob("*.py"))
    own = {path.stem for path in files} | {"scbaseline"}
    distributions = packages_distributions()
    undeclared = {
        f"{path.name}: {module}"
        for path in files
        for module in imported(ast.parse(path.read_text(encoding="utf-8")))
        if module not in own | sys.stdlib_module_names
        and names.isdisjoint(map(canonical, distributions[module]))
    }
    assert undeclared == set()


def canonical(name: str) -> str:
    """Return a distribution's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(tree: ast.AST) -> set[str]:
    """Return the libraries that a file imports."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
    return {module.partition(".")[0] for module in modules}
