"""A part of a .zarr store that is not there is zeros, is said, or is refused; never a guess."""

import shutil
import tempfile
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import zarr
from anndata.experimental import write_dispatched
from hypothesis import given, settings
from hypothesis import strategies as st
from made_forms import simulated
from scipy import sparse

from scbaseline.data.read import open_counts, read_counts
from scbaseline.errors import InputError, ScbaselineWarning


def _written(adata: anndata.AnnData, path: Path, *, chunk: int, version: int = 3) -> Path:
    """Write a store whose sparse matrices lie in parts of some length."""

    def small(write, store, k, elem, dataset_kwargs, iospec) -> None:  # type: ignore[no-untyped-def]
        if iospec.encoding_type in ("csr_matrix", "csc_matrix"):
            dataset_kwargs = dict(dataset_kwargs, chunks=(chunk,))
        write(store, k, elem, dataset_kwargs=dataset_kwargs)

    with anndata.settings.override(zarr_write_format=version), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(str(path), mode="w", zarr_format=version)
        write_dispatched(group, "/", adata, callback=small)
    return path


def _parts(path: Path, array: str) -> list[Path]:
    """Return the files of an array's parts."""
    return sorted(
        file for file in (path / array).rglob("*")
        if file.is_file() and not file.name.startswith(".") and file.name != "zarr.json"
    )  # fmt: skip


@pytest.mark.parametrize("version", [2, 3])
def test_explicit_zeros_are_read_with_a_warning_that_names_their_place(
    tmp_path: Path, version: int
) -> None:
    """Zarr writes no part of zeros: the counts are anndata's, and the cells are named."""
    adata = simulated()
    adata.X.data[: adata.X.indptr[200]] = 0
    path = _written(adata, tmp_path / "x.zarr", chunk=1000, version=version)
    with pytest.warns(ScbaselineWarning, match=r"/X/data lacks \d+ .* between cells 1 and \d+"):
        read = read_counts(path)
    np.testing.assert_array_equal(read.X.toarray(), adata.X.toarray())
    with pytest.warns(ScbaselineWarning, match="/X/data"), open_counts(path) as opened:
        assert opened.X[:].sum() == adata.X.sum()


def test_indices_that_were_lost_are_refused_on_disk_too(tmp_path: Path) -> None:
    """Read as the first gene again and again, they would be added up in silence."""
    path = _written(simulated(), tmp_path / "x.zarr", chunk=1000)
    _parts(path, "X/indices")[1].unlink()
    with pytest.raises(InputError, match="X/indices lacks 1 of its"):
        read_counts(path)
    with pytest.raises(InputError, match="X/indices lacks 1 of its"), open_counts(path):
        pass


def test_row_pointers_that_were_lost_are_refused(tmp_path: Path) -> None:
    """Read as zeros at the end, they would leave out the last cells' counts."""
    adata = simulated()[:4].copy()
    adata.X = sparse.csr_matrix(adata.X.toarray() * np.array([[0], [0], [1], [1]], np.float32))
    path = _written(adata, tmp_path / "x.zarr", chunk=3)
    _parts(path, "X/indptr")[-1].unlink()
    with pytest.raises(InputError, match="X/indptr lacks"):
        read_counts(path)


def test_one_category_without_letters_is_no_loss(tmp_path: Path) -> None:
    """The only category is the empty text, which is the fill value of texts."""
    adata = simulated()
    adata.obs["note"] = pd.Categorical([""] * adata.n_obs)
    assert read_counts(_written(adata, tmp_path / "x.zarr", chunk=10**5)).n_obs == adata.n_obs


@settings(max_examples=25)
@given(data=st.data())
def test_missing_parts_never_change_counts_in_silence(data: st.DataObject) -> None:
    """Any small matrix with explicit zeros, any length of parts, any one part taken away.

    What is read without a warning is the whole matrix. With one, some values may be zeros, or
    stand in another cell or gene that the warning names; else the store is refused.
    """
    n_cells, n_genes = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    values = data.draw(
        st.lists(st.sampled_from([0, 1, 2]), min_size=n_cells * n_genes, max_size=n_cells * n_genes)
    )
    dense = np.array(values, dtype=np.float32).reshape(n_cells, n_genes)
    stored = np.array(
        data.draw(st.lists(st.booleans(), min_size=dense.size, max_size=dense.size))
    ).reshape(dense.shape)
    matrix = sparse.csr_matrix(np.where(stored | (dense > 0), dense + 1, 0))
    matrix.data -= 1  # the zeros that are stored stay in it
    adata = anndata.AnnData(
        matrix,
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(n_genes)]),
    )
    folder = Path(tempfile.mkdtemp())
    try:
        path = _written(adata, folder / "x.zarr", chunk=data.draw(st.integers(1, 4)))
        parts = [
            part for name in ("data", "indices", "indptr") for part in _parts(path, f"X/{name}")
        ]
        lost = data.draw(st.sampled_from([None, *parts]))
        if lost is not None:
            lost.unlink()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", ScbaselineWarning)
            try:
                read = read_counts(path).X.toarray()
            except InputError:
                assert lost is not None
                return
        if lost is None or not said:
            np.testing.assert_array_equal(read, dense)
        elif "data" in lost.parts:
            assert np.all((read == dense) | (read == 0))
    finally:
        shutil.rmtree(folder)
