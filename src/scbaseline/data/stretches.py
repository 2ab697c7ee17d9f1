"""Turns an array of an HDF5 file into stretches of the file, where they hold its numbers as such.

HDF5 finds, copies and copies again each chunk of some ten thousand values. Without a filter a
chunk is its values, and most chunks lie one after the other: then a stretch of the file is read
at once, in a third of the time.
"""

import os
from contextlib import suppress
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt


class Stretches:
    """A one-dimensional array in a file, of which runs are read.

    Parameters
    ----------
    dataset
        The array; its file is open.
    starts_k
        Where in the file each chunk begins.
    length
        The values of a chunk.
    """

    def __init__(self, dataset: Any, starts_k: npt.NDArray[np.int64], length: int) -> None:
        self.dtype, self.shape = dataset.dtype, dataset.shape
        self._dataset, self._starts_k, self._length = dataset, starts_k, length
        follows_k = np.diff(starts_k) == length * self.dtype.itemsize
        ends = np.append(np.flatnonzero(~follows_k), len(starts_k) - 1)
        self._last_k = ends[np.searchsorted(ends, np.arange(len(starts_k)))]

    def __getitem__(self, wanted: slice) -> npt.NDArray[Any]:
        """Return the values of a slice without a step."""
        first, last, _ = wanted.indices(self.shape[0])
        values = np.empty(max(last - first, 0), dtype=self.dtype)
        if not self._dataset.id.valid:
            raise ValueError("the file of this array is closed")
        handle, size, done = self._dataset.file.id.get_vfd_handle(), self.dtype.itemsize, 0
        while done < len(values):
            chunk, within = divmod(first + done, self._length)
            n = min(
                (int(self._last_k[chunk]) + 1) * self._length - first - done, last - first - done
            )
            at = int(self._starts_k[chunk]) + within * size
            _read(handle, values[done : done + n], at)
            done += n
        return values


def stretches_of(dataset: Any) -> Any:
    """Return the :class:`Stretches` of an array, or the array where it must be read by HDF5."""
    with suppress(Exception):  # what is wrong with it is said when HDF5 reads it
        if found := _stretches(dataset):
            return found
    return dataset


def _stretches(dataset: Any) -> Stretches | None:
    if not isinstance(dataset, h5py.Dataset) or not hasattr(os, "preadv"):
        return None
    made, file = dataset.id.get_create_plist(), dataset.file
    if dataset.ndim != 1 or dataset.dtype.kind not in "iuf" or not dataset.dtype.isnative:
        return None
    if made.get_nfilters() or made.get_external_count() or file.driver != "sec2":
        return None
    if file.userblock_size or file.mode != "r" or dataset.dtype.metadata:
        return None
    length = dataset.chunks[0] if dataset.chunks else dataset.shape[0]
    n_bytes = length * dataset.dtype.itemsize
    n_chunks = -(-dataset.shape[0] // length) if length else 0
    starts_k = np.full(n_chunks, -1, dtype=np.int64)
    if dataset.chunks is None:
        starts_k[:] = dataset.id.get_offset()  # raises where nothing was written
    else:

        def take(chunk: Any) -> None:
            if chunk.size == n_bytes:
                starts_k[chunk.chunk_offset[0] // length] = chunk.byte_offset

        dataset.id.chunk_iter(take)
    within = os.fstat(file.id.get_vfd_handle()).st_size - n_bytes
    is_there = n_chunks > 0 and bool(np.all((starts_k >= 0) & (starts_k <= within)))
    return Stretches(dataset, starts_k, length) if is_there else None


def _read(handle: int, values: npt.NDArray[Any], at: int) -> None:
    left = values.data.cast("B")
    while len(left):
        n = os.preadv(handle, [left], at)
        if n <= 0:
            raise OSError("the file ends within an array")
        left, at = left[n:], at + n
