"""HDF5 is not asked for what it would never return from; what it cannot do is named."""

import struct
import time
import zlib
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from made_files import written
from made_forms import simulated, write_10x_h5, write_10x_h5_v2, write_zarr

from scbaseline.data import heaps
from scbaseline.data.check import check_counts
from scbaseline.data.doctor import examine
from scbaseline.data.read import open_counts, read_counts
from scbaseline.errors import InputError, ScbaselineWarning


def _heaps(content: bytes) -> list[int]:
    found, at = [], content.find(b"GCOL")
    while at >= 0:
        found.append(at)
        at = content.find(b"GCOL", at + 4)
    return found


LOOPS = {
    "free space without a length": (16, bytes(16)),
    "a block of zeros": (16, bytes(256)),
    "a length that wraps around": (24, struct.pack("<Q", 2**64 - 16)),
}


@pytest.mark.parametrize(("offset", "content"), LOOPS.values(), ids=LOOPS)
def test_a_heap_that_leads_nowhere_is_refused_in_time(
    tmp_path: Path, offset: int, content: bytes
) -> None:
    """HDF5 itself would walk round it for ever, as every reader of the file would with it."""
    path = written(simulated()[:50].copy(), tmp_path / "x.h5ad")
    whole = bytearray(path.read_bytes())
    at = _heaps(whole)[0] + offset
    whole[at : at + len(content)] = content
    path.write_bytes(whole)
    started = time.perf_counter()
    with pytest.raises(InputError, match=r"x\.h5ad: is damaged: its texts cannot be read"):
        read_counts(path)
    with pytest.raises(InputError, match="is damaged"), open_counts(path):
        pass
    assert time.perf_counter() - started < 60


def test_a_sound_heap_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose lengths add up costs only their sum."""
    monkeypatch.setattr(heaps.subprocess, "run", None)
    path = written(simulated(), tmp_path / "x.h5ad")
    assert len(_heaps(path.read_bytes())) > 2
    heaps.require_readable_texts(path)


def test_what_only_looks_like_a_heap_is_read(tmp_path: Path) -> None:
    """The bytes by which a heap begins may stand in the counts; the other process finds no harm."""
    adata = simulated()[:50].copy()
    adata.obsm["bytes"] = np.frombuffer(b"GCOL\1\0\0\0" * 100, dtype=np.uint8).reshape(50, 16)
    path = written(adata, tmp_path / "x.h5ad")
    assert read_counts(path).n_obs == 50


def _with_filter(path: Path, number: int) -> None:
    """Mark X's values as written by a filter of some number."""
    with h5py.File(path, "a") as file:
        group = file["X"] if "X" in file else file["matrix"]
        shape, kind = group["data"].shape, group["data"].id.get_type()
        del group["data"]
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk(shape)
        made.set_filter(number, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple(shape)
        h5py.h5d.create(group.id, b"data", kind, space, made).write_direct_chunk((0,), b"packed")


@pytest.mark.parametrize(("number", "name"), [(32015, "Zstandard"), (32001, "Blosc"), (4321, "")])
@pytest.mark.parametrize("is_10x", [False, True])
def test_a_filter_that_is_not_installed_is_named(
    tmp_path: Path, number: int, name: str, is_10x: bool
) -> None:
    """The file is whole; what is missing here is said, with the remedy, in memory and on disk."""
    if is_10x:
        path = write_10x_h5(simulated(), tmp_path / "x.h5")
    else:
        path = written(simulated(), tmp_path / "x.h5ad")
    _with_filter(path, number)
    words = rf"data is compressed by the filter {name}.*number {number}.*pip install hdf5plugin"
    with pytest.raises(InputError, match=words) as caught:
        read_counts(path)
    assert "cut short" not in str(caught.value)
    with pytest.raises(InputError, match=words), open_counts(path) as adata:
        examine(adata)


def _damage(group: object, part: str, at: int, value: int) -> None:
    group[part][at] = value  # type: ignore[index]


@pytest.mark.parametrize(
    ("part", "at", "value"),
    [
        ("indices", 7, 120),
        ("indices", 7, 2**30),
        ("indices", 7, -1),
        ("indptr", 3, 2**30),
        ("indptr", 3, -5),
        ("indptr", 0, 1),
        ("indptr", 3, 0),
    ],
)
@pytest.mark.parametrize("form", ["h5ad", "layer", "columns", "10x", "10x of two types", "zarr"])
def test_sparse_parts_that_point_outside_are_refused(
    tmp_path: Path, form: str, part: str, at: int, value: int
) -> None:
    """In every format, before anything follows them: whole files and blocks alike."""
    import zarr

    adata = simulated()
    if form == "layer":
        adata.layers["other"] = adata.X.copy()
    if form == "columns":
        adata.X = adata.X.tocsc()
    if form.startswith("10x"):
        path = write_10x_h5(adata, tmp_path / "x.h5")
        if form == "10x of two types":
            with h5py.File(path, "r+") as file:
                kinds = file["matrix/features/feature_type"][:].astype("S20")
                kinds[100:] = b"Antibody Capture"
                del file["matrix/features/feature_type"]
                file["matrix/features/feature_type"] = kinds
    elif form == "zarr":
        path = write_zarr(adata, tmp_path / "x.zarr")
    else:
        path = written(adata, tmp_path / "x.h5ad")
    value = 500 if form == "columns" and value == 120 else value
    if form == "zarr":
        _damage(zarr.open_group(str(path))["X"], part, at, value)
    else:
        inside = {"layer": "layers/other"}.get(form, "matrix" if "10x" in form else "X")
        with h5py.File(path, "r+") as file:
            _damage(file[inside], part, at, value)
    with pytest.raises(InputError, match=r"damaged|cannot be read"):
        check_counts(read_counts(path))
    if form != "layer":
        with (
            pytest.raises(InputError, match=r"damaged|cannot be read"),
            open_counts(path) as opened,
        ):
            examine(opened)


def test_sparse_parts_of_an_old_10x_file_are_checked(tmp_path: Path) -> None:
    """Of Cell Ranger 2 as of later ones."""
    path = write_10x_h5_v2(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["GRCh38/indices"][5] = 10**6
    with pytest.raises(InputError, match="damaged sparse matrix"):
        read_counts(path)


def test_an_anndata_in_memory_is_checked() -> None:
    """A matrix that somebody built wrongly in Python is met by the same words."""
    adata = simulated()
    adata.X.indices[11] = 10**6
    with pytest.raises(InputError, match="X is a damaged sparse matrix"):
        check_counts(adata)


def test_uns_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """A part that counts do not need, written by a newer AnnData, does not hide the counts."""
    path = written(simulated(), tmp_path / "x.h5ad")
    with h5py.File(path, "r+") as file:
        file["uns/new"] = [1]
        file["uns/new"].attrs.update({"encoding-type": "of-2031", "encoding-version": "9.0.0"})
    with pytest.warns(UserWarning, match="of-2031|left out"):
        adata = read_counts(path)
    np.testing.assert_array_equal(adata.X.toarray(), simulated().X.toarray())


def test_a_column_that_cannot_be_read_is_left_out_by_name(tmp_path: Path) -> None:
    """The other columns are used, on disk as in memory."""
    adata = simulated()
    adata.obs["odd"] = 1
    path = written(adata, tmp_path / "x.h5ad")
    with h5py.File(path, "r+") as file:
        file["obs/odd"].attrs["encoding-type"] = "of-2031"
    with pytest.warns(UserWarning, match="obs/odd cannot be read"):
        assert read_counts(path).obs.columns.tolist() == ["batch"]
    with pytest.warns(UserWarning, match="obs/odd"), open_counts(path) as opened:
        assert opened.obs["batch"].tolist() == adata.obs["batch"].tolist()


def test_raw_without_names_is_left_aside(tmp_path: Path) -> None:
    """A raw that has lost its table of genes names no gene; X is used."""
    adata = simulated()
    adata.raw = adata.copy()
    path = written(adata, tmp_path / "x.h5ad")
    with h5py.File(path, "r+") as file:
        del file["raw/var"]
    with open_counts(path) as opened:
        assert opened.raw is None
        assert isinstance(opened, anndata.AnnData)


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("heap", [2**64 - 1, 2**48 - 1, 0])
def test_texts_that_lie_in_no_heap_are_refused_in_time(
    tmp_path: Path, heap: int, compression: str | None
) -> None:
    """HDF5 looks for some of these for ever, and reads others as empty."""
    adata = simulated()[:50].copy()
    adata.obs["note"] = [f"note {i}" for i in range(50)]
    path = tmp_path / "x.h5ad"
    adata.write_h5ad(path, compression=compression)
    with h5py.File(path, "r+") as file:
        array = file["obs/note"]
        if compression is None:
            at = array.id.get_offset()
        else:  # a part that is not packed, as HDF5 keeps one that would not shrink
            chunk = array.id.get_chunk_info(0)
            raw = bytearray(zlib.decompress(array.id.read_direct_chunk((0,))[1]))
            pointers = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 16).copy()
            pointers[3, 4:12] = np.frombuffer(struct.pack("<Q", heap), dtype=np.uint8)
            array.id.write_direct_chunk(chunk.chunk_offset, zlib.compress(pointers.tobytes()))
    if compression is None:
        whole = bytearray(path.read_bytes())
        whole[at + 52 : at + 60] = struct.pack("<Q", heap)
        path.write_bytes(whole)
    started = time.perf_counter()
    with pytest.raises(InputError, match="is damaged: its texts cannot be read"):
        read_counts(path)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("length", [11, 2**32 - 1])
@pytest.mark.parametrize("heap", [2**64 - 1, 0x8FF])
def test_attributes_that_lie_in_no_heap_are_refused_in_time(
    tmp_path: Path, heap: int, length: int
) -> None:
    """Every name that AnnData gives to a part of a file is a text in an attribute."""
    path = written(simulated()[:50].copy(), tmp_path / "x.h5ad")
    whole = bytearray(path.read_bytes())
    pointer = struct.pack("<IQ", 10, _heaps(whole)[0])  # "csr_matrix"
    at = whole.find(pointer)
    assert at > 0
    whole[at : at + len(pointer)] = struct.pack("<IQ", length, heap)
    path.write_bytes(whole)
    started = time.perf_counter()
    with pytest.raises(InputError, match="is damaged: its texts cannot be read"):
        read_counts(path)
    assert time.perf_counter() - started < 20


def test_texts_are_looked_at_beside_an_array_that_cannot_be_opened(tmp_path: Path) -> None:
    """HDF5's own walk through a file ends at the first damaged header, before the lost text."""
    path = written(simulated()[:50].copy(), tmp_path / "x.h5ad")
    with h5py.File(path) as file:
        header = h5py.h5o.get_info(file["X/data"].id).addr
    whole = bytearray(path.read_bytes())
    whole[header] = 0xEE  # no version of a header that there is
    at = max(whole.rfind(struct.pack("<IQ", 9, heap)) for heap in _heaps(whole))  # "dataframe"
    whole[at + 4 : at + 12] = struct.pack("<Q", 2**64 - 1)
    path.write_bytes(whole)
    with pytest.raises(InputError, match="is damaged: its texts cannot be read"):
        heaps.require_readable_texts(path)


def test_a_column_that_is_no_column_is_left_out_by_name(tmp_path: Path) -> None:
    """Where columns are read one by one, since one is damaged, another one may be a dict."""
    adata = simulated()[:50].copy()
    adata.obs["note"], adata.obs["label"] = "a", pd.Categorical(["B", "T"] * 25)
    path = written(adata, tmp_path / "x.h5ad")
    with h5py.File(path, "r+") as file:
        file["obs/label"].attrs["encoding-type"] = "dict"
        file["obs/label"].attrs["encoding-version"] = "0.1.0"
        del file["obs/note"]
    with pytest.warns(ScbaselineWarning) as said:
        checked = check_counts(read_counts(path))
    assert any("obs/label cannot be read" in str(warning.message) for warning in said)
    assert "label" not in checked.obs


@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_sound_files_of_any_form_are_read(tmp_path: Path, libver: str, userblock: int) -> None:
    """Old and new structures, with something of a user's in front of them or not."""
    old = written(simulated(), tmp_path / "old.h5ad")
    path = tmp_path / "x.h5ad"
    options = {"libver": libver, "userblock_size": userblock}
    with h5py.File(old) as source, h5py.File(path, "w", **options) as target:
        for name in source:
            source.copy(name, target)
        target.attrs.update(source.attrs)
    assert heaps._unreadable_from(path, path.stat().st_size, 0) is None
    np.testing.assert_array_equal(read_counts(path).X.toarray(), simulated().X.toarray())
