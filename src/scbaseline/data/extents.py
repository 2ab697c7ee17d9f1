"""Turns an open HDF5 file into the parts of it that hold no numbers.

A file consists almost wholly of the numbers of its arrays. Whoever looks for something else in
its bytes need not look there.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

_PACKED = 2  # times its own size that a chunk may take; a filter makes noise a little larger


def outside_of_numbers(items: Iterable[Any], size: int) -> list[tuple[int, int]]:
    """Return where the parts of a file begin and end that hold no numbers of an array.

    Parameters
    ----------
    items
        The groups and arrays of the open file.
    size
        Its size in bytes.
    """
    extents = [np.zeros((0, 2), dtype=np.int64)]
    for item in items:
        with suppress(Exception):  # a damaged array is looked through like the rest
            if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf":
                extents.append(_extents(item, size))
    found_n2 = np.concatenate(extents)
    start_n, stop_n = found_n2[np.argsort(found_n2[:, 0], kind="stable")].T
    begins = np.concatenate([[0], np.maximum.accumulate(stop_n)])
    ends = np.concatenate([start_n, [size]])
    is_gap = begins < ends
    return list(zip(begins[is_gap].tolist(), ends[is_gap].tolist(), strict=True))


def _extents(item: Any, size: int) -> npt.NDArray[np.int64]:
    """Return where the stretches of an array begin and end; none where they cannot be so."""
    found: list[tuple[int, int]] = []
    if item.chunks is None:
        at = item.id.get_offset()
        found = [] if at is None else [(at, at + item.id.get_storage_size())]
        most = item.nbytes
    else:
        item.id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
        found = [(at, at + n_bytes) for at, n_bytes in found]
        most = _PACKED * int(np.prod(item.chunks)) * item.dtype.itemsize
    extents_n2 = np.array(found, dtype=np.int64).reshape(-1, 2)
    length_n = np.diff(extents_n2).ravel()
    is_possible = (extents_n2[:, 1] <= size) & (length_n > 0) & (length_n <= most)
    possible_n2: npt.NDArray[np.int64] = extents_n2[is_possible]
    return possible_n2
