"""Says whether an HDF5 file's texts point to heaps of texts, without following them."""

import mmap
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from scbaseline.data.attributes import pointers_of_attributes

_POINTER = np.dtype([("length", "<u4"), ("heap", "<u8"), ("number", "<u4")])
_SHUFFLE, _GZIP = h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE


def points_elsewhere(
    file: Any, items: Iterable[Any], content: mmap.mmap, heaps: list[int]
) -> int | None:
    """Return where a text is said to lie that no heap is, or that is longer than the file.

    HDF5 looks for some of these for ever. Arrays in other filters than gzip are not looked at.

    Parameters
    ----------
    file, items
        The open file, and what :func:`objects_of` finds in it.
    content
        Its bytes.
    heaps
        Where its heaps begin.
    """
    if file.id.get_create_plist().get_sizes() != (8, 8) or file.userblock_size:
        return None  # forms of a file that no tool of this field writes
    if not heaps:
        return None  # nor are there texts
    known = np.array(heaps, dtype=np.uint64)
    found: list[int] = []

    def look(item: Any) -> bool:
        is_text = isinstance(item, h5py.Dataset) and item.dtype.kind == "O"
        parts = _stored(item, content) if is_text else []
        parts += pointers_of_attributes(content, h5py.h5o.get_info(item.id).addr)
        for raw in parts:
            pointers = np.frombuffer(raw[: len(raw) // 16 * 16], dtype=_POINTER)
            length = pointers["length"]
            heap = pointers["heap"][length > 0]
            # Texts of one heap follow each other: each run of them is looked up once.
            begins = np.ones(len(heap), dtype=bool)
            np.not_equal(heap[1:], heap[:-1], out=begins[1:])
            lost = np.setdiff1d(heap[begins], known).tolist()
            lost += pointers["heap"][length > len(content)].tolist()
            if lost:
                found.append(lost[0])
                return True
        return False

    for item in items:
        with suppress(Exception):  # of one that is damaged, the rest is looked at all the same
            if look(item):
                break
    return found[0] if found else None


def objects_of(file: Any) -> Iterator[Any]:
    """Yield all that can be opened; HDF5's own walk ends at the first that cannot."""
    todo, seen = [file], set()
    while todo:
        item = todo.pop()
        place = h5py.h5o.get_info(item.id).addr
        if place in seen:
            continue
        seen.add(place)
        yield item
        with suppress(Exception):
            for name in item if isinstance(item, h5py.Group) else ():
                with suppress(Exception):
                    if isinstance(item.get(name, getlink=True), h5py.HardLink):
                        todo.append(item[name])


def _stored(item: Any, content: mmap.mmap) -> list[bytes]:
    """Return the bytes of an array as they stand in the file, unpacked."""
    if item.chunks is None:
        at = item.id.get_offset()
        return [] if at is None else [content[at : at + 16 * item.size]]
    made = item.id.get_create_plist()
    filters = [made.get_filter(i)[0] for i in range(made.get_nfilters())]
    if filters not in ([], [_GZIP], [_SHUFFLE, _GZIP]):
        return []
    parts: list[bytes] = []

    def take(chunk: Any) -> None:
        raw = content[chunk.byte_offset : chunk.byte_offset + chunk.size]
        if filters and not chunk.filter_mask:
            raw = zlib.decompress(raw)
            raw = _in_order(raw) if _SHUFFLE in filters else raw
        parts.append(raw)

    item.id.chunk_iter(take)
    return parts


def _in_order(raw: bytes) -> bytes:
    """Undo the shuffle, which keeps the first bytes of all pointers together."""
    shuffled: npt.NDArray[np.uint8] = np.frombuffer(raw, dtype=np.uint8)
    return shuffled.reshape(_POINTER.itemsize, -1).T.tobytes()
