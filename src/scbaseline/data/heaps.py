"""Says whether the texts of an HDF5 file can be read at all, before HDF5 is asked to.

HDF5 walks through a heap of texts by the lengths that stand in it, and follows a damaged one
round and round for ever, inside a call that neither Ctrl-C nor another thread can end.
"""

import mmap
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from scbaseline.data.extents import outside_of_numbers
from scbaseline.data.pointers import objects_of, points_elsewhere
from scbaseline.errors import InputError

Parts = Sequence[tuple[int, int]]

_SIGNATURE = b"GCOL\x01"  # version 1 of a global heap collection
_NOWHERE = b"\xff" * 8  # the address of nothing, which no text of any length has
_ANOTHER = re.compile(rb"[^\xff]")
_HEADER = 16  # bytes: of a collection, and of each object in it
_DOUBLINGS = 4  # after these, one step passes sixteen objects of a heap
_SECONDS = 2  # of the processor that reading every text may take, and more for large files
_BYTES_PER_SECOND = 20_000_000

# Reads every text and every attribute, as anndata will; what can be said in an exception is
# said later, when the file is read in earnest.
_PROBE = """
import sys
import h5py
import numpy as np
import numpy.typing as npt
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]), int(sys.argv[2])))
except ImportError:
    pass
def attempt(call):
    try:
        return call()
    except Exception:
        pass
def look(item):
    for part in attempt(lambda: list(item.attrs)) or []:
        attempt(lambda: item.attrs[part])
    if isinstance(item, h5py.Dataset):
        attempt(lambda: item.dtype.kind == "O" and item[()])
file = attempt(lambda: h5py.File(sys.argv[1]))
todo, seen = [file] if file else [], set()
while todo:
    item = todo.pop()
    place = attempt(lambda: h5py.h5o.get_info(item.id).addr)
    if place is None or place in seen:
        continue
    seen.add(place)
    look(item)
    for name in attempt(lambda: list(item)) or [] if isinstance(item, h5py.Group) else []:
        if isinstance(attempt(lambda: item.get(name, getlink=True)), h5py.HardLink):
            if (part := attempt(lambda: item[name])) is not None:
                todo.append(part)
"""


def require_readable_texts(path: Path) -> None:
    """Refuse a file at whose texts HDF5 dies or never comes to an end.

    Every heap's lengths are added up; the numbers of arrays are left out. Only where they do not
    lead to the heap's end, another process reads the texts, within limited time.

    Raises
    ------
    InputError
        That process died or did not come to an end, or a text lies in no heap.
    """
    state = path.stat()
    at = _unreadable_from(path, state.st_size, state.st_mtime_ns)
    if at is not None:
        raise InputError(
            f"is damaged: its texts cannot be read (from byte {at:,} on); get the file again"
        )


@lru_cache(maxsize=8)  # a command opens its input more than once
def _unreadable_from(path: Path, size: int, _changed: int) -> int | None:
    """Return the place of a heap at which HDF5 fails, ``None`` where there is none."""
    if not size:
        return None
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        _opened(path) as opened,
    ):
        items = _items(opened)
        heaps, at = _look(content, outside_of_numbers(items, size))
        elsewhere = _pointing_elsewhere(opened, items, content, heaps)
    if elsewhere is not None or at is None:
        return elsewhere
    seconds = _SECONDS + size // _BYTES_PER_SECOND
    command = [sys.executable, "-I", "-c", _PROBE, str(path), str(seconds)]
    try:
        ended = subprocess.run(  # noqa: S603 (our own code)
            command, capture_output=True, timeout=10 * seconds, check=False
        ).returncode
    except (subprocess.TimeoutExpired, OSError):
        # Where Python cannot be started again, what is unsound is refused.
        return at
    return at if ended else None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file, or give ``None`` of one of which it is said later that it cannot be opened."""
    try:
        file: Any = h5py.File(path)
    except Exception:  # noqa: BLE001 (whatever it is, it is said when the file is read)
        yield None
        return
    with file:
        yield file


def _items(file: Any) -> list[Any]:
    items: list[Any] = []
    with suppress(Exception):  # of a damaged file, what was found is looked at all the same
        items.extend(objects_of(file) if file is not None else ())
    return items


def _pointing_elsewhere(
    file: Any, items: Sequence[Any], content: mmap.mmap, heaps: list[int]
) -> int | None:
    try:
        return None if file is None else points_elsewhere(file, items, content, heaps)
    except Exception:  # noqa: BLE001 (whatever it is, it is said when the file is read)
        return None


def _begins(content: mmap.mmap, parts: Parts) -> Iterator[int]:
    """Yield where heaps begin, or what looks like them."""
    for start, stop in parts:
        at = content.find(_SIGNATURE, start, stop)
        while at >= 0:
            yield at
            at = content.find(_SIGNATURE, at + len(_SIGNATURE), stop)


def _look(content: mmap.mmap, parts: Parts) -> tuple[list[int], int | None]:
    """Return where heaps begin, and where one does not add up or a text lies nowhere."""
    heaps: list[int] = []
    unsound: int | None = None
    for at in _begins(content, parts):
        heaps.append(at)
        size = int.from_bytes(content[at + 8 : at + 16], "little")
        fits = _HEADER <= size <= len(content) - at
        if unsound is None and not (
            fits and _is_sound(np.frombuffer(content[at : at + size // 8 * 8], dtype="<u8"))
        ):
            unsound = at
    return heaps, _text_nowhere(content, parts) if unsound is None else unsound


def _text_nowhere(content: mmap.mmap, parts: Parts) -> int | None:
    """Return where a text's length, address and number stand, of which the address is none.

    HDF5 looks for such a heap for ever, too. Other things than texts may look so.
    """
    for start, stop in parts:
        at = content.find(_NOWHERE, start, stop)
        while at >= 0:
            other = _ANOTHER.search(content, at)
            end = other.start() if other else len(content)
            if end - at == len(_NOWHERE) and at >= 4:
                length = int.from_bytes(content[at - 4 : at], "little")
                number = int.from_bytes(content[end : end + 4], "little")
                if 0 < length < 2**24 and 0 < number < 2**16:
                    return at - 4
            at = content.find(_NOWHERE, end, stop)
    return None


def _is_sound(words: "npt.NDArray[np.uint64]") -> bool:
    """Say whether the lengths of a heap's objects, two words before each, lead to its end.

    Every word is taken for the first of an object, and the way from one to the next is
    doubled some times, so that the walk has few steps: to walk it as it is takes five times as
    long.
    """
    n = len(words)
    if n <= _HEADER // 8 + 1:
        return True
    end, wrong = n, n + 1
    length = np.minimum(words[1:], np.uint64(2**40)).view(np.int64)
    step = (length + _HEADER + 7) >> 3
    # The number 0 is free space, whose length includes its own header.
    free = np.flatnonzero((words[:-1] & np.uint64(0xFFFF)) == 0)
    step[free] = np.where(length[free] < _HEADER, wrong, length[free] >> 3)
    following = np.arange(n + 2)
    following[: n - 1] += step
    np.minimum(following, wrong, out=following)
    following[n - 1] = end  # one word is left, which begins no object
    for _ in range(_DOUBLINGS):
        following = following.take(following)
    at = _HEADER // 8
    while at < end:
        at = following.item(at)
    return at == end
