"""Turns the path of an HDF5 file into an open one, or says in plain words why it is none."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py

from scbaseline.data.encoding import what_it_is
from scbaseline.data.heaps import require_readable_texts
from scbaseline.errors import InputError

# https://github.com/HDFGroup/hdf5_plugins: the numbers under which filters are registered.
_FILTERS = {
    305: "LZO", 307: "bzip2", 32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32008: "Bitshuffle",
    32013: "ZFP", 32015: "Zstandard", 32017: "SZ", 32018: "FCIDECOMP", 32024: "SZ3",
    32026: "Blosc2", 32028: "Sperr",
}  # fmt: skip


class OtherHdf5Error(InputError):
    """An HDF5 file has the ending of 10x and holds an AnnData, or the other way round."""


@contextmanager
def open_hdf5(path: Path, *, what: str) -> Iterator[Any]:
    """Open an HDF5 file to read.

    Parameters
    ----------
    path
        The file.
    what
        What a user calls such a file, e.g. ``".h5ad"``.

    Raises
    ------
    InputError
        It is a folder, no HDF5 file, damaged where HDF5 would not return, or compressed by a
        filter that is not installed.
    """
    if path.is_dir():
        raise InputError(f"is a folder, not a file; pass the {what} file")
    with path.open("rb") as bytes_:  # for the plain words of an error of access, too
        first = bytes_.read(1024)
    if not h5py.is_hdf5(path):
        raise InputError(f"is not an HDF5 file, as every {what} is{_instead(path, first)}")
    require_readable_texts(path)
    if find_spec("hdf5plugin"):
        import hdf5plugin  # noqa: F401 (its filters are there from now on)
    with h5py.File(path) as file:
        try:
            yield file
        except OSError as error:
            if missing := missing_filter(file):
                raise InputError(missing) from error
            raise


@contextmanager
def read_straight(matrices: Iterable[Any]) -> Iterator[None]:
    """Let HDF5 copy each value of sparse matrices once, not twice, until the context ends.

    It reads a chunk into its cache, and from there into the caller's memory. Where no filter
    packs the chunks, the cache is of no use here: adjacent rows are read once. HDF5 reads an
    array as it was first opened, whoever opens it again; so this comes before anybody else.

    Parameters
    ----------
    matrices
        Groups of an open file, each with ``data`` and ``indices``.
    """
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_chunk_cache(0, 0, 0.0)
    held: list[Any] = []
    for matrix in matrices:
        for name in ("data", "indices"):
            with suppress(Exception):  # of a damaged array it is said later that it is so
                plan = matrix[name].id.get_create_plist()
                # A virtual array is read from others, which a filter may have packed.
                if not plan.get_nfilters() and plan.get_layout() != h5py.h5d.VIRTUAL:
                    held.append(h5py.h5d.open(matrix.id, name.encode(), access))
    yield
    held.clear()


def _instead(path: Path, first: bytes) -> str:
    """Say what a file is that is not HDF5, and what to do."""
    if first.startswith(b"\x1f\x8b"):
        return f", but gzipped; type: gunzip -c {path.name} > {path.stem}-plain{path.suffix}"
    if said := what_it_is(path, first):
        return f", but {said}"
    if first and all(byte >= 32 or byte in b"\t\r\n" for byte in first):
        return ", but text; if it is a table, rename it to end in .csv or .tsv"
    return "; get the file again"


def missing_filter(file: Any) -> str:
    """Say which filter an array of a file or group needs and is not installed, or ``""``."""
    found: list[str] = []

    def look(name: str, item: object) -> bool | None:
        if not isinstance(item, h5py.Dataset):
            return None
        made = item.id.get_create_plist()
        for i in range(made.get_nfilters()):
            number, _, _, title = made.get_filter(i)
            if not h5py.h5z.filter_avail(number):
                given = title.decode("utf-8", "replace").split(";")[0].strip()
                called = _FILTERS.get(number) or given or "unknown"
                found.append(
                    f"{name} is compressed by the filter {called} (number {number}), which is "
                    "not installed here; pip install hdf5plugin, or write the file anew with "
                    "gzip where it can be read"
                )
                return True
        return None

    try:
        file.visititems(look)
    except (OSError, RuntimeError, ValueError, KeyError):
        return ""  # the file is damaged as well, which is what will be said
    return found[0] if found else ""
