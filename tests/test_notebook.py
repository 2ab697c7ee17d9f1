"""Claims about the notebook: it runs from top to bottom, and shows what it says.

``make notebook`` executes it and keeps the outputs.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

import scbaseline

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "pbmc_scanpy_pytorch_baseline.ipynb"
MAX_BYTES = 2_000_000
FIGURES = "scbaseline.report.figures"
"""The one folder of the package, besides the package itself, that the notebook may name."""

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
ROUNDING = 0.01
"""Other processors round otherwise, which moves a few of the test cells, each worth 0.002."""

NOWHERE = "http://127.0.0.1:9"  # the port of a service that throws everything away; none listens
OFFLINE = {f"{scheme}_proxy": NOWHERE for scheme in ("http", "https")} | {"no_proxy": ""}


def execute(folder: Path, **changed: str | Path) -> nbformat.NotebookNode:
    """Run a copy of the notebook in ``folder``, in a kernel whose environment is changed so."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SCBASELINE_")}
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        record_timing=False,
        timeout=600,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=kept | {name: str(value) for name, value in changed.items()})
    # Which Python ran it is no part of what it shows.
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def words(cell: nbformat.NotebookNode) -> str:
    """Return all that a cell's outputs say, without their pictures."""
    return "".join(
        output.text if output.output_type == "stream" else output.data.get("text/plain", "")
        for output in cell.outputs
    )


def check_is_quiet(notebook: nbformat.NotebookNode) -> None:
    """Every cell says something, and none of them warns or fails."""
    for cell in code_cells(notebook):
        assert cell.outputs, f"{cell.id} shows nothing"
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", f"{cell.id}: {output.text}"


@pytest.fixture(scope="module")
def committed() -> nbformat.NotebookNode:
    """Return the notebook as it is in the repository."""
    return nbformat.read(NOTEBOOK, as_version=4)


# --- what runs -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(
    bool(os.environ.get("SCBASELINE_TEST_DATA")),
    reason="takes half a minute, and with real data the test below runs the same cells",
)
def test_runs_without_network_and_data(tmp_path: Path) -> None:
    """Where PBMC3k cannot be had, the notebook runs on the embedded sample and says so."""
    (tmp_path / "cwd").mkdir()
    executed = execute(tmp_path / "cwd", SCBASELINE_CACHE_DIR=tmp_path / "cache", **OFFLINE)
    check_is_quiet(executed)
    first, last = (words(cell) for cell in executed.cells if cell.id in ("read", "end"))
    assert "embedded sample" in first
    assert "embedded sample" in last
    assert list((tmp_path / "cwd").iterdir()) == []  # nothing is left behind


@pytest.mark.slow
def test_committed_outputs_are_those_of_pbmc3k(
    test_data: Path, tmp_path: Path, committed: nbformat.NotebookNode
) -> None:
    """Run on PBMC3k, each cell says what is committed, in the same words and numbers."""
    executed = execute(tmp_path, SCBASELINE_DATA_DIR=test_data / "pbmc3k")
    for then, now in zip(code_cells(committed), code_cells(executed), strict=True):
        (text, numbers), (new_text, new_numbers) = taken_apart(then), taken_apart(now)
        changed = f"{now.id} has changed; if that is right, type: make notebook\n{words(now)}"
        assert new_text == text, changed
        assert new_numbers == pytest.approx(numbers, rel=0.01, abs=ROUNDING), changed


def taken_apart(cell: nbformat.NotebookNode) -> tuple[str, list[float]]:
    """Return what a cell says, with a sign for each number and none of its spaces; the numbers."""
    said = words(cell)
    numbers = [float(number.replace(",", "")) for number in NUMBER.findall(said)]
    return re.sub(r"\s+", "", NUMBER.sub("#", said)), numbers


def test_finds_the_package_beside_itself(committed: nbformat.NotebookNode, tmp_path: Path) -> None:
    """Where scbaseline is not installed, the first cell takes it from src/."""
    lines = code_cells(committed)[0].source.splitlines()
    needed = ("import sys", "from pathlib", "sys.path", "import scbaseline")
    code = [line for line in lines if line.startswith(needed)] + ["print(sb.__file__)"]
    # Without -S the installed package would be found; its requirements are, by their folder.
    code.insert(0, f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})")
    leftovers = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=leftovers)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "\n".join(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == tmp_path / "src/scbaseline/__init__.py"


# --- what is committed -----------------------------------------------------------------------


def test_is_a_valid_notebook(committed: nbformat.NotebookNode) -> None:
    """The file is a notebook of format 4.5 for any Python 3, and no editor's traces are in it."""
    nbformat.validate(committed)
    assert (committed.nbformat, committed.nbformat_minor) == (4, 5)
    assert committed.metadata.kernelspec.name == "python3"
    assert not any(cell.metadata for cell in committed.cells)


def test_was_run_from_top_to_bottom(committed: nbformat.NotebookNode) -> None:
    """Each cell has its outputs, from one run in order, without a warning."""
    cells = code_cells(committed)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    check_is_quiet(committed)


def test_shows_figures(committed: nbformat.NotebookNode) -> None:
    """Quality control, genes, clusters, training and the trap each have a picture."""
    drawn = {
        cell.id
        for cell in code_cells(committed)
        if any("image/png" in output.get("data", {}) for output in cell.outputs)
    }
    assert drawn == {"qc", "features-figure", "explore", "curves", "named-umap", "trap-figure"}


def test_is_small() -> None:
    """The notebook with its pictures is not too large to be read on the web."""
    assert NOTEBOOK.stat().st_size <= MAX_BYTES


def test_names_no_place_on_a_machine(committed: nbformat.NotebookNode) -> None:
    """Neither code nor words nor outputs name an absolute path."""
    said = [json.dumps(committed.metadata)]
    for cell in committed.cells:
        said.append(cell.source)
        for output in cell.get("outputs", []):
            texts = {k: v for k, v in output.get("data", {}).items() if k.startswith("text/")}
            said += [output.get("text", ""), *texts.values()]
    for text in said:
        found = re.search(r"(?<![\w.:/])(/\w+){2}|\b[A-Za-z]:\\|site-packages", text)
        assert not found, text


def test_uses_public_names_only(committed: nbformat.NotebookNode) -> None:
    """Of scbaseline, the notebook uses what ``__all__`` names, and the figures."""
    python = TransformerManager()
    source = "\n".join(python.transform_cell(cell.source) for cell in code_cells(committed))
    used = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named = {alias.name: alias.asname for alias in node.names if "scbaseline" in alias.name}
            assert named in ({}, {"scbaseline": "sb"})
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scbaseline"):
            assert node.module.rpartition(".")[0] == FIGURES
            assert all(alias.name.endswith("_figure") for alias in node.names)
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_"), node.attr
            if isinstance(node.value, ast.Name) and node.value.id == "sb":
                used.add(node.attr)
    assert used
    assert used <= set(scbaseline.__all__)


if __name__ == "__main__":
    with TemporaryDirectory() as somewhere:
        data = os.environ.get("SCBASELINE_DATA_DIR", "")
        nbformat.write(execute(Path(somewhere), SCBASELINE_DATA_DIR=data), NOTEBOOK)
