"""Processes that share the cells of one training: sums over all of their cells in, and out.

Each process is a *rank* and reads a contiguous share of the cells. What is learnt is a sum over
cells, so ranks add their sums and go on with the same numbers. A process that works alone is
:data:`ALONE`, for which all of this costs nothing. Torch's ranks are in ``learn/ranks.py``.
"""

import json
import os
from dataclasses import fields
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.counts import Counts
from scbaseline.stages import usable_processors

Record = TypeVar("Record")


class Ranks(Protocol):
    """The ranks of a training, as one of them sees them.

    Attributes
    ----------
    rank, size
        Its own number, from 0, and how many ranks there are.
    """

    @property
    def rank(self) -> int:
        """The own number."""

    @property
    def size(self) -> int:
        """The number of ranks."""

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of what each rank gives, on all ranks."""

    def gather(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what the ranks give, one after the other along the first axis, on all ranks."""


class Alone:
    """The one rank of a process that works alone."""

    rank, size = 0, 1

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values."""
        return values

    def gather(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values."""
        return values


ALONE = Alone()


def launched() -> bool:
    """Return whether ``torchrun`` started this process as one of several."""
    return "RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def threads_of(ranks: Ranks) -> int | None:
    """Return the threads for one of several ranks of a machine; ``None``, all, for one alone."""
    if ranks.size == 1:
        return None
    return max(1, usable_processors() // ranks_here())


def ranks_here() -> int:
    """Return how many ranks ``torchrun`` started on this machine: they share what it has."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def share_of(n: int, ranks: Ranks) -> slice:
    """Return the own share of ``n`` cells in order; shares differ by one cell at most."""
    return slice(n * ranks.rank // ranks.size, n * (ranks.rank + 1) // ranks.size)


def own_share(counts: Counts, ranks: Ranks) -> Counts:
    """Return the counts of the own share of the cells."""
    if ranks.size == 1:
        return counts
    return counts.rows(np.arange(counts.shape[0])[share_of(counts.shape[0], ranks)])


def summed(record: Record, ranks: Ranks) -> Record:
    """Return a dataclass of sums over cells, each summed over the ranks."""
    if ranks.size == 1:
        return record
    parts = [ranks.sum(np.asarray(getattr(record, field.name))) for field in fields(record)]  # type: ignore[arg-type]
    return type(record)(*(part if part.ndim else part.item() for part in parts))


def gathered_csr(matrix: "sparse.csr_matrix", ranks: Ranks) -> "sparse.csr_matrix":
    """Return the rows of all ranks' matrices, one rank after the other."""
    if ranks.size == 1:
        return matrix
    lengths = ranks.gather(np.diff(matrix.indptr).astype(np.int64))
    parts = (
        ranks.gather(matrix.data),
        ranks.gather(matrix.indices.astype(np.int32, copy=False)),  # scipy chooses by the size
        np.concatenate([[0], np.cumsum(lengths)]),
    )
    return sparse.csr_matrix(parts, shape=(len(lengths), matrix.shape[1]))


def exchanged(value: Any, ranks: Ranks) -> list[Any]:
    """Return what each rank gives, in their order: anything that JSON can hold."""
    if ranks.size == 1:
        return [value]
    text = json.dumps(value).encode()
    lengths = ranks.gather(np.array([len(text)]))
    whole = ranks.gather(np.frombuffer(text, dtype=np.uint8)).tobytes()
    stops = np.cumsum(lengths)
    return [json.loads(whole[stop - n : stop]) for n, stop in zip(lengths, stops, strict=True)]
