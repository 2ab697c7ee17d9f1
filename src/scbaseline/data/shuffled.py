"""Turns a stream of counts into blocks of cells in random order, read ahead of their use."""

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.data.stream import CountStream

CHUNK_ROWS = 256
"""Adjacent cells that are read together."""

N_CHUNKS = 64
"""Chunks from random places that make up a block."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ShuffledBlock:
    """Cells from many places of a stream, in random order.

    Attributes
    ----------
    rows_n
        Which cells of the stream they are.
    counts_ng
        Their counts of the chosen genes, CSR.
    total_n
        Their totals over all genes.
    """

    rows_n: NDArray[np.int64]
    counts_ng: sparse.csr_matrix
    total_n: NDArray[np.float64]


def shuffled_blocks(
    stream: CountStream,
    is_row_n: NDArray[np.bool_],
    *,
    genes_g: NDArray[np.int64],
    rng: np.random.Generator,
    chunk_rows: int = CHUNK_ROWS,
    n_chunks: int = N_CHUNKS,
) -> Iterator[ShuffledBlock]:
    """Yield each wanted cell once, in an order that is random up to the size of a block.

    A disk reads adjacent cells at once, so cells are drawn in chunks: the chunks' order is
    random, and so is that of the cells within a block of many chunks. Where a file is sorted
    by type or donor, a block holds a random selection of its stretches. Memory is set by
    ``chunk_rows`` × ``n_chunks``.

    Parameters
    ----------
    stream
        Checked counts, in memory or on disk.
    is_row_n
        The cells that are wanted.
    genes_g
        Columns of the genes that are wanted: the others are dropped as soon as totals are known.
    rng
        Draws the order: another pass with it gives another order.
    chunk_rows, n_chunks
        Cells per chunk, and chunks per block.

    References
    ----------
    D'Ascenzo & Cultrera di Montesano, scDataset, PMLR 306, 2026 (block sampling
    with a buffer that is shuffled).
    """
    wanted = np.flatnonzero(is_row_n)
    chunk_of = wanted // chunk_rows
    chunks = rng.permutation(np.unique(chunk_of))
    for start in range(0, len(chunks), n_chunks):
        parts = []
        for chunk in np.sort(chunks[start : start + n_chunks]):  # forward through the file
            first, last = np.searchsorted(chunk_of, [chunk, chunk + 1])
            parts.append(_taken(stream, wanted[first:last], genes_g))
        order = rng.permutation(sum(len(part.rows_n) for part in parts))
        yield ShuffledBlock(
            np.concatenate([part.rows_n for part in parts])[order],
            sparse.vstack([part.counts_ng for part in parts], format="csr")[order],
            np.concatenate([part.total_n for part in parts])[order],
        )


def ahead(items: Iterable[T], *, n_ahead: int = 1) -> Iterator[T]:
    """Pass items on while a thread prepares the next ones.

    Parameters
    ----------
    items
        Made in the thread; an exception there is raised here.
    n_ahead
        Items that may wait at a time, beside the one in the making.
    """
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(n_ahead)
    stopped = threading.Event()

    def put(entry: tuple[T | None, BaseException | None, bool]) -> None:
        while not stopped.is_set():
            try:
                return ready.put(entry, timeout=0.1)
            except queue.Full:
                continue
        return None

    def work() -> None:
        try:
            for item in items:
                put((item, None, False))
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 (it is raised in the other thread)
            put((None, error, True))
        else:
            put((None, None, True))

    thread = threading.Thread(target=work, name="scbaseline: reading ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error, is_last = ready.get()
            if error is not None:
                raise error
            if is_last:
                return
            yield item  # type: ignore[misc]  # an item, unless it is the last entry
    finally:
        # A file must not be closed while the thread reads from it.
        stopped.set()
        thread.join()


def _taken(
    stream: CountStream, rows_n: NDArray[np.int64], genes_g: NDArray[np.int64]
) -> ShuffledBlock:
    """Read the stretch that holds the rows, and keep these and the genes."""
    first = int(rows_n[0])
    counts_ng, total_n = stream.read(first, int(rows_n[-1]) + 1)
    within = rows_n - first
    return ShuffledBlock(rows_n, counts_ng[:, genes_g][within], total_n[within])
