"""AnnData's formats: in a zip file, in a folder of any name, and with parts that cannot be read."""

import zipfile
from pathlib import Path

import anndata
import h5py
import numpy as np
import pytest
import zarr
from made_forms import simulated, write_zarr

from scbaseline.data.read import open_counts, read_counts
from scbaseline.errors import InputError, ScbaselineWarning


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("top", ["", "x.zarr/"])
def test_a_packed_store_is_read(tmp_path: Path, version: int, top: str) -> None:
    """Whether its root or the folder was packed; in memory and from disk."""
    store = write_zarr(simulated(), tmp_path / "x.zarr", version=version)
    with zipfile.ZipFile(tmp_path / "y.zarr.zip", "w") as packed:
        for file in store.rglob("*"):
            if file.is_file():
                packed.write(file, f"{top}{file.relative_to(store)}")
    read = read_counts(tmp_path / "y.zarr.zip")
    np.testing.assert_array_equal(read.X.toarray(), simulated().X.toarray())
    with open_counts(tmp_path / "y.zarr.zip") as opened:
        assert opened.X[:].sum() == simulated().X.sum()


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_is_known_by_what_it_holds(tmp_path: Path, version: int) -> None:
    """Its folder may have any name, as the tables of a SpatialData store do."""
    spatial = zarr.open_group(str(tmp_path / "sd.zarr"), mode="w", zarr_format=version)
    spatial.create_group("tables")
    table = write_zarr(simulated(), tmp_path / "sd.zarr" / "tables" / "rna", version=version)
    assert read_counts(table).shape == simulated().shape
    with pytest.raises(InputError, match=r"is a SpatialData store; .* \(rna\)"):
        read_counts(tmp_path / "sd.zarr")


@pytest.mark.parametrize("part", ["layers/other", "raw"])
def test_a_matrix_that_is_not_asked_for_need_not_be_readable(tmp_path: Path, part: str) -> None:
    """Its filter is not installed: X is read, and the warning names part and filter."""
    adata = simulated()
    adata.raw = adata.copy()
    adata.layers["other"] = adata.X.copy()
    adata.write_h5ad(tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad", "r+") as file:
        group = file["raw/X" if part == "raw" else part]
        shape = group["data"].shape
        del group["data"]
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk(shape)
        made.set_filter(40_000, h5py.h5z.FLAG_OPTIONAL, ())  # a number that nobody has
        space = h5py.h5s.create_simple(shape)
        data = h5py.h5d.create(group.id, b"data", h5py.h5t.NATIVE_FLOAT, space, made)
        data.write_direct_chunk((0,), b"bytes", 0)
    with pytest.warns(ScbaselineWarning, match=rf"{part} cannot be read .*hdf5plugin.*left out"):
        read = read_counts(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(read.X.toarray(), simulated().X.toarray())


def test_labels_in_a_part_that_is_not_there_are_said(tmp_path: Path) -> None:
    """They read as the first category; zarr leaves such a part out where they are that."""
    adata = simulated()
    adata.obs["batch"] = adata.obs["batch"].astype("category")
    path = write_zarr(adata, tmp_path / "x.zarr")
    codes = zarr.open_group(str(path), mode="r+")["obs/batch/codes"]
    values, attributes = codes[:], dict(codes.attrs)
    anew = zarr.open_group(str(path), mode="r+")["obs/batch"].create_array(
        "codes", shape=values.shape, chunks=(100,), dtype=values.dtype, overwrite=True, fill_value=0
    )
    anew[:] = values
    anew.attrs.update(attributes)
    zarr.consolidate_metadata(str(path))
    (path / "obs/batch/codes/3").unlink()
    said = r"/obs/batch/codes lacks 1 of its 5 parts; their values read as 'a'"
    with pytest.warns(ScbaselineWarning, match=said):
        assert read_counts(path).n_obs == adata.n_obs


def test_a_dense_matrix_with_a_part_missing_is_said(tmp_path: Path) -> None:
    """All zeros, or lost: nobody can tell, so that it is said."""
    adata = simulated()
    adata.X = adata.X.toarray()
    path = write_zarr(adata, tmp_path / "x.zarr")
    next(file for file in (path / "X").iterdir() if file.name[0].isdigit()).unlink()
    with pytest.warns(ScbaselineWarning, match=r"/X lacks 1 of its \d+ parts; .* read as 0"):
        assert read_counts(path).n_obs == adata.n_obs


def test_a_whole_store_is_read_without_a_word(tmp_path: Path) -> None:
    """Nothing is said where nothing is missing (a warning is an error in these tests)."""
    adata = simulated()
    adata.obs["batch"] = adata.obs["batch"].astype("category")
    assert isinstance(read_counts(write_zarr(adata, tmp_path / "x.zarr")), anndata.AnnData)


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_only_packed_values_pass_through_a_cache(tmp_path: Path, compression: str | None) -> None:
    """What no filter packs is copied once; a chunk that is unpacked serves two blocks of cells."""
    simulated().write_h5ad(tmp_path / "x.h5ad", compression=compression)
    with open_counts(tmp_path / "x.h5ad") as opened:
        for name in ("data", "indices"):
            access = opened.X.group[name].id.get_access_plist()
            assert (access.get_chunk_cache()[1] > 0) == (compression == "gzip")
        np.testing.assert_array_equal(opened.X[:].toarray(), simulated().X.toarray())
