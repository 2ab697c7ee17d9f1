"""A file that is damaged is refused in one line; what is not refused is right."""

import shutil
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from made_files import truncations, written
from made_forms import (
    simulated,
    write_10x_h5,
    write_10x_h5_v2,
    write_mtx,
    write_table,
    write_zarr,
)

from scbaseline.data.check import check_counts
from scbaseline.data.doctor import examine
from scbaseline.data.read import open_counts, read_counts
from scbaseline.errors import ScbaselineError

FILES: dict[str, Callable[[anndata.AnnData, Path], Path]] = {
    "x.h5ad": written,
    "x.h5": write_10x_h5,
    "v2.h5": write_10x_h5_v2,
    "x.csv": write_table,
    "x.csv.gz": write_table,
    "x.tsv": write_table,
    "x.txt.gz": write_table,
}


def _small() -> anndata.AnnData:
    return simulated()[:60, :40].copy()


def _refused_or_right(path: Path, whole: anndata.AnnData) -> None:
    """Read a damaged file: either a plain error, or cells of the whole, unchanged."""
    try:
        checked = check_counts(read_counts(path))
    except ScbaselineError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either outcome will do)
        return
    kept = whole[checked.obs_names]
    np.testing.assert_array_equal(checked.X.toarray(), kept.X.toarray())
    if "batch" in checked.obs:
        assert checked.obs["batch"].tolist() == kept.obs["batch"].tolist()


@pytest.mark.parametrize("name", FILES)
def test_cut_short_anywhere_is_refused_or_right(
    tmp_path: Path, name: str, recwarn: pytest.WarningsRecorder
) -> None:
    """At every twentieth of its length: a plain error, or whole cells with their counts.

    A table that ends within its last value is read with a warning, so that is recorded.
    """
    whole = _small()
    path = FILES[name](_small(), tmp_path / name)
    for part in truncations(path):
        path.write_bytes(part)
        _refused_or_right(path, whole)


@pytest.mark.parametrize("name", FILES)
def test_cut_short_anywhere_is_examined_without_a_traceback(tmp_path: Path, name: str) -> None:
    """The input doctor meets damage with the same plain errors, also on disk."""
    path = FILES[name](_small(), tmp_path / name)
    for part in truncations(path)[::3]:
        path.write_bytes(part)
        try:
            with open_counts(path) as adata:
                examine(adata)
        except ScbaselineError as error:
            assert "\n" not in str(error)  # noqa: PT017 (either outcome will do)


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_that_lost_a_file_is_refused_or_right(tmp_path: Path, version: int) -> None:
    """Without any one of its files, a .zarr store is refused or gives the same counts."""
    whole = _small()
    path = write_zarr(_small(), tmp_path / "x.zarr", version=version)
    for file in sorted(path.rglob("*")):
        if file.is_file():
            kept = file.read_bytes()
            file.unlink()
            _refused_or_right(path, whole)
            file.write_bytes(kept)


@pytest.mark.long
def test_a_store_cut_short_is_refused_or_right(tmp_path: Path) -> None:
    """With any one of its files cut short anywhere, likewise."""
    whole = _small()
    path = write_zarr(_small(), tmp_path / "x.zarr")
    for file in sorted(path.rglob("*")):
        if file.is_file() and "X" in file.parts:
            kept = file.read_bytes()
            for part in truncations(file):
                file.write_bytes(part)
                _refused_or_right(path, whole)
            file.write_bytes(kept)


@pytest.mark.parametrize("name", ["matrix.mtx", "barcodes.tsv", "features.tsv"])
def test_a_gzipped_10x_folder_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    """Each of the three files, cut anywhere, is noticed by gzip."""
    folder = write_mtx(_small(), tmp_path / "10x")
    for part in truncations(folder / f"{name}.gz"):
        (folder / f"{name}.gz").write_bytes(part)
        with pytest.raises(ScbaselineError):
            read_counts(folder)


@pytest.mark.parametrize("name", ["x.h5ad", "x.h5", "x.csv.gz", "x.zarr.zip", "matrix.mtx.gz"])
@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"<html>not found</html>", b"\x1f\x8b\x08"])
def test_foreign_content_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """A download that is an error page, or nothing, is refused in one line."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ScbaselineError) as caught:
        read_counts(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.zarr", "x.h5ad", "x.h5", "x.csv"])
def test_an_empty_folder_is_refused(tmp_path: Path, name: str) -> None:
    """A folder under the ending of a format is no such file or store."""
    (tmp_path / name).mkdir()
    with pytest.raises(ScbaselineError, match=name):
        read_counts(tmp_path / name)


@pytest.mark.parametrize(
    ("given_name", "words"),
    [
        ("mine.zar", r"Did you mean mine\.zarr"),
        ("mine.cvs", r"Did you mean mine\.csv"),
        ("nowhere/matrix.mtx", "there is no folder nowhere"),
    ],
)
def test_what_is_near_is_named_for_every_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given_name: str, words: str
) -> None:
    """Stores and tables are named where they are near to what was typed."""
    (tmp_path / "mine.zarr").mkdir()
    (tmp_path / "mine.csv").write_text("x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScbaselineError, match=words):
        read_counts(given_name)


hostile = st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, 2.0, 0.5, -1.0, np.nan, np.inf])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    st_numpy.arrays(np.float32, st.tuples(st.integers(0, 4), st.integers(0, 4)), elements=hostile),
    st.sampled_from(["x.h5ad", "x.csv", "x.zarr"]),
)
def test_hostile_matrices_are_refused_or_right(
    tmp_path: Path, matrix: np.ndarray, name: str
) -> None:
    """Any small matrix, through any format, ends in a plain error or in its own counts."""
    n_cells, n_genes = matrix.shape
    adata = anndata.AnnData(
        matrix,
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(n_genes)]),
    )
    path = tmp_path / name
    shutil.rmtree(path, ignore_errors=True)
    {"x.h5ad": written, "x.csv": write_table, "x.zarr": write_zarr}[name](adata, path)
    try:
        checked = check_counts(read_counts(path))
    except ScbaselineError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either outcome will do)
        return
    counts = checked.X.toarray()
    assert np.all(counts >= 0)
    assert np.all(counts == np.rint(counts))
    if np.all(matrix == np.rint(matrix)):
        np.testing.assert_array_equal(counts, matrix)
