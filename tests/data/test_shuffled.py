"""Claims about blocks of cells in random order, and about reading ahead."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from conftest import simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from made_forms import write_zarr
from scipy import sparse

from scbaseline.data.read import open_counts
from scbaseline.data.rows import row_reader
from scbaseline.data.shuffled import ahead, shuffled_blocks
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError

CELLS = simulate(n_cells=100, n_genes=40)
STREAM = stream_counts(AnnData(CELLS.X, obs=CELLS.obs[[]], var=CELLS.var[[]]))
GENES = np.array([3, 17, 20, 39])


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 120), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_each_wanted_cell_comes_once_with_its_own_counts(
    chunk_rows: int, n_chunks: int, seed: int
) -> None:
    """Whatever the sizes, the blocks hold the wanted rows of the matrix, each once."""
    rng = np.random.default_rng(seed)
    is_row_n = rng.random(100) < rng.random()
    blocks = list(
        shuffled_blocks(
            STREAM, is_row_n, genes_g=GENES, rng=rng, chunk_rows=chunk_rows, n_chunks=n_chunks
        )
    )
    rows_n = np.concatenate([np.zeros(0, dtype=int), *(block.rows_n for block in blocks)])
    np.testing.assert_array_equal(np.sort(rows_n), np.flatnonzero(is_row_n))
    for block in blocks:
        assert len(block.rows_n) <= chunk_rows * n_chunks
        np.testing.assert_array_equal(
            block.counts_ng.toarray(), CELLS.X[block.rows_n][:, GENES].toarray()
        )
        np.testing.assert_array_equal(
            block.total_n, np.asarray(CELLS.X.sum(axis=1)).ravel()[block.rows_n]
        )


def test_orders_differ_between_passes_and_repeat_with_the_seed() -> None:
    """A second pass is in another order; a pass with the same seed is in the same."""
    everyone = np.ones(100, dtype=bool)

    def order(rng: np.random.Generator) -> list[int]:
        blocks = shuffled_blocks(STREAM, everyone, genes_g=GENES, rng=rng, chunk_rows=5, n_chunks=4)
        return [int(row) for block in blocks for row in block.rows_n]

    rng = np.random.default_rng(0)
    first, second = order(rng), order(rng)
    assert first != second
    assert first == order(np.random.default_rng(0))


def test_a_block_mixes_places_that_lie_far_apart() -> None:
    """In a sorted file, a block is no stretch of it: its cells come from all over."""
    blocks = shuffled_blocks(
        STREAM,
        np.ones(100, dtype=bool),
        genes_g=GENES,
        rng=np.random.default_rng(0),
        chunk_rows=2,
        n_chunks=10,
    )
    for block in blocks:
        assert np.ptp(block.rows_n) > 50
        assert not (np.diff(block.rows_n) == 1).all()


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_rows_of_a_file_are_those_of_its_matrix(ending: str, tmp_path: Path) -> None:
    """Any run of rows on disk is that of the matrix, also past its end."""
    path = tmp_path / f"cells.{ending}"
    plain = AnnData(CELLS.X, obs=CELLS.obs[[]], var=CELLS.var[[]])
    write_zarr(plain, path) if ending == "zarr" else plain.write_h5ad(path)
    with open_counts(path) as adata:
        read = row_reader(adata.X)
        for start, stop in ((0, 100), (0, 1), (37, 60), (90, 120), (99, 100), (50, 50)):
            np.testing.assert_array_equal(
                read(start, stop).toarray(), CELLS.X[start:stop].toarray()
            )


def test_columns_on_disk_cannot_be_read_by_rows(tmp_path: Path) -> None:
    """A file compressed by columns is refused, with what to do."""
    AnnData(sparse.csc_matrix(CELLS.X), obs=CELLS.obs[[]], var=CELLS.var[[]]).write_h5ad(
        tmp_path / "columns.h5ad"
    )
    with open_counts(tmp_path / "columns.h5ad") as adata:
        stream = stream_counts(adata)
        with pytest.raises(InputError, match="compressed by columns"):
            stream.read(0, 10)


@given(st.lists(st.integers()), st.integers(1, 5))
def test_reading_ahead_changes_nothing(items: list[int], n_ahead: int) -> None:
    """The items pass in their order, all of them."""
    assert list(ahead(items, n_ahead=n_ahead)) == items


def test_an_item_is_made_while_another_is_used() -> None:
    """The second item is ready before anybody asks for it."""
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    taken = ahead(items())
    assert next(taken) == 1
    assert made.wait(timeout=10)
    assert list(taken) == [2]


def test_an_error_in_the_thread_is_raised_where_the_items_are_used() -> None:
    """What goes wrong while reading ahead is not lost."""

    def items() -> Iterator[int]:
        yield 1
        raise InputError("damaged")

    taken = ahead(items())
    assert next(taken) == 1
    with pytest.raises(InputError, match="damaged"):
        next(taken)


def test_leaving_early_ends_the_thread() -> None:
    """Whoever stops asking leaves no thread behind that reads from a closed file."""
    before = threading.active_count()
    taken = ahead(iter(range(1000)))
    assert next(taken) == 0
    taken.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
