"""Claims about what no input and no accident may do: tracebacks, half-written files."""

import contextlib
import dataclasses
import io
import json
import os
import signal
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import anndata
import numpy as np
import pytest
import tomli_w
from conftest import SMALL, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread
from scipy import sparse

from scbaseline import Classifier, RunConfig, ScbaselineError, check_counts, run
from scbaseline.cli import main
from scbaseline.report.save_run import save_run
from scbaseline.study.results import Run

pytestmark = pytest.mark.xdist_group("robustness")

anything = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10**6), st.floats(), st.text(max_size=5),
    st.lists(st.sampled_from(["pca", "hvg", "published", "x"]), max_size=3).map(tuple),
)  # fmt: skip
names = st.sampled_from([field.name for field in dataclasses.fields(RunConfig)])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(names, anything, max_size=4))
def test_settings_are_refused_by_name_or_survive_a_file(chosen: dict) -> None:
    """Any values give an error of ours that names the field, or settings that TOML brings back."""
    said = ""
    try:
        config = RunConfig(**chosen)
    except ScbaselineError as error:
        said = str(error)
    if said:
        assert any(name in said for name in chosen)
        return
    back = tomllib.loads(tomli_w.dumps(config.to_dict()))
    assert (
        RunConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in back.items()}) == config
    )


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 4), st.integers(0, 4), st.data(),
)  # fmt: skip
def test_small_hostile_matrices_are_counts_or_refused(
    n_cells: int, n_genes: int, data: st.DataObject
) -> None:
    """Whatever a matrix holds, it comes back as whole counts, or with an error of ours."""
    value = st.sampled_from([0.0, 1.0, 2.0, 0.5, -1.0, float("nan"), float("inf"), 1e30, 0.6931472])
    rows = [[data.draw(value) for _ in range(n_genes)] for _ in range(n_cells)]
    x = np.array(rows, dtype=np.float32).reshape(n_cells, n_genes)
    adata = anndata.AnnData(sparse.csr_matrix(x))
    adata.var_names = [f"GENE{g}" for g in range(n_genes)]
    with contextlib.suppress(ScbaselineError):
        checked = check_counts(adata)
        assert (checked.X.data == np.rint(checked.X.data)).all()
        assert (checked.X.data > 0).all()


@given(content=st.binary(max_size=300))
@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("name", ["x.h5ad", "x.csv", "x.h5", "matrix.mtx", "x.safetensors"])
def test_any_bytes_end_with_one_line(
    name: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file of any bytes is refused with an exit status of 1 or 2, and nothing is written."""
    folder = tmp_path_factory.mktemp("bytes")
    (folder / name).write_bytes(content)
    words = ["show"] if name.endswith("safetensors") else ["doctor"]
    silent = io.StringIO()
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        status = main([*words, str(folder / name)])
    assert status in (0, 1, 2)
    assert "Traceback" not in silent.getvalue()
    assert [path.name for path in folder.iterdir()] == [name]


@pytest.fixture(scope="module")
def finished() -> Run:
    return run(simulate(), dataclasses.replace(SMALL, label_key="cell_type", recipe=("pca",)))


def dying(do: Callable[..., object], steps: Iterator[int], at: int) -> Callable[..., object]:
    """Return what does the same, but ends the process with kill -9 at step ``at``."""

    def step(*words: object, **named: object) -> object:
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return do(*words, **named)

    return step


@pytest.mark.parametrize("at", range(0, 20, 3))
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_while_writing_every_file_is_whole(at: int, finished: Run, tmp_path: Path) -> None:
    """Kill -9 at the n-th rename or file leaves old files or new ones, and no half of one."""
    save_run(finished, tmp_path)
    child = os.fork()
    if child == 0:
        steps = iter(range(1000))
        for name in ("replace", "write_bytes", "write_text"):
            setattr(Path, name, dying(getattr(Path, name), steps, at))
        save_run(finished, tmp_path)
        os._exit(0)
    os.waitpid(child, 0)
    visible = [p for p in tmp_path.rglob("*.*") if not any(q.startswith(".") for q in p.parts)]
    assert len(visible) == 11
    for path in visible:
        match path.suffix:
            case ".png":
                assert imread(path).size > 1000
            case ".json":
                json.loads(path.read_text())
            case ".toml":
                tomllib.loads(path.read_text())
            case ".h5ad":
                assert anndata.read_h5ad(path).n_obs == 240
            case ".safetensors":
                Classifier.load(path)
