"""Says which parts of a .zarr store were not written, and whether they can be zeros.

Zarr leaves out a part that holds nothing but the fill value, and reads a part that is not
there as that value. A lost part is read in the same way. It can be noticed only where other
parts show that it cannot be all zeros.
"""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from scbaseline.errors import InputError, ScbaselineWarning


def require_parts(group: Any, matrices: list[Any]) -> None:
    """Refuse a store that lost parts; warn where parts may be zeros or lost.

    Parameters
    ----------
    group
        The store, as AnnData writes it.
    matrices
        Its matrices that counts may be taken from.

    Raises
    ------
    InputError
        A part is missing that cannot hold nothing but the fill value.
    """
    for array in [*_names_and_labels(group["obs"]), *_names_and_labels(group["var"])]:
        if lacks_parts(array):
            raise InputError(_lacking(array))
    for categories, codes in _categorical(group["obs"]):
        if lacks_parts(codes):
            _warn(f"{_lacking_parts(codes)}{_read_as(repr(str(categories[:][0])))}")
    for matrix in matrices:
        if hasattr(matrix, "nchunks"):  # a dense one
            if lacks_parts(matrix):
                _warn(f"{_lacking_parts(matrix)}{_read_as(matrix.fill_value)}")
            continue
        if lacks_parts(matrix["indptr"]):
            _require_empty_rows(matrix)
        if lacks_parts(matrix["indices"]):
            _require_first_columns(matrix)
        if lacks_parts(matrix["data"]):
            _warn_of_values(matrix)


def lacks_parts(array: Any) -> bool:
    """Say whether any part of an array was not written."""
    return bool(array.nchunks_initialized < array.nchunks)


def _lacking_parts(array: Any) -> str:
    n_lacking = array.nchunks - array.nchunks_initialized
    return f"{array.name} lacks {n_lacking} of its {array.nchunks} parts"


def _lacking(array: Any) -> str:
    return f"{_lacking_parts(array)}; copy the store again"


def _names_and_labels(table: Any) -> list[Any]:
    """Return the arrays of a table that have every part, if none was lost."""
    arrays = [table[table.attrs.get("_index", "_index")]]
    for categories, codes in _categorical(table):
        arrays.append(categories)
        # One part of many may hold the first category alone, all of them hardly.
        if codes.nchunks_initialized == 0:
            arrays.append(codes)
    return [array for array in arrays if hasattr(array, "nchunks")]


def _categorical(table: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the categories and the codes of each column that has several categories."""
    for name in table:
        if table[name].attrs.get("encoding-type") == "categorical":
            categories, codes = table[name]["categories"], table[name]["codes"]
            if len(getattr(categories, "shape", ())) == 1 and categories.shape[0] > 1:
                yield categories, codes


def _require_empty_rows(matrix: Any) -> None:
    """Refuse a matrix of which the rows in lacking parts cannot have been empty."""
    pointer = matrix["indptr"][:].astype(np.int64)
    if np.any(np.diff(pointer) < 0) or pointer[-1] != matrix["data"].shape[0]:
        raise InputError(_lacking(matrix["indptr"]))
    stop = int(np.argmax(pointer > 0)) if pointer.any() else len(pointer)
    if stop == len(pointer):
        return  # no value in any row
    # If pointers were lost, this row has the values of those before it: a column twice, or back.
    columns = matrix["indices"][: pointer[stop]].astype(np.int64)
    if np.any(np.diff(columns) <= 0):
        raise InputError(_lacking(matrix["indptr"]))
    _warn(
        f"{matrix['indptr'].name} lacks a part; the first {stop - 1:,} {_rows(matrix)} read as "
        "empty. If they were not when the store was written, copy the store again"
    )


def _require_first_columns(matrix: Any) -> None:
    """Refuse a matrix whose lacking indices would be the first column twice in one row."""
    pointer = matrix["indptr"][:].astype(np.int64)
    for start, stop in _blank_parts(matrix["indices"]):
        row_of_place = np.searchsorted(pointer, np.arange(start, stop), side="right") - 1
        if len(np.unique(row_of_place)) < stop - start:
            raise InputError(_lacking(matrix["indices"]))
        _warn(
            f"{matrix['indices'].name}: values {start + 1:,} to {stop:,} have no index in the "
            "store; they are taken for the first gene's, as zarr reads them"
        )


def _warn_of_values(matrix: Any) -> None:
    pointer = matrix["indptr"][:].astype(np.int64)
    blank = _blank_parts(matrix["data"])
    first, last = (
        int(np.searchsorted(pointer, place, side="right"))
        for place in (blank[0][0], blank[-1][1] - 1)
    )
    _warn(
        f"{_lacking_parts(matrix['data'])}, between {_rows(matrix)} {first:,} and {last:,}"
        f"{_read_as(matrix['data'].fill_value)}"
    )


def _read_as(value: object) -> str:
    return (
        f"; their values read as {value}. If they were not when the store was written, copy the "
        "store again"
    )


def _rows(matrix: Any) -> str:
    is_by_genes = str(matrix.attrs.get("encoding-type", "csr")).startswith("csc")
    return "genes" if is_by_genes else "cells"


def _warn(text: str) -> None:
    warnings.warn(text, ScbaselineWarning, stacklevel=4)


def _blank_parts(array: Any) -> list[tuple[int, int]]:
    """Return where the parts of an array begin and end that hold only its fill value."""
    step = (getattr(array, "shards", None) or array.chunks)[0]
    fill = array.fill_value if array.fill_value is not None else 0
    found = []
    for start in range(0, array.shape[0], step):
        values = array[start : start + step]
        if np.all(values == fill):
            found.append((start, start + len(values)))
    return found
