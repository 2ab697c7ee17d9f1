"""Claims about counts in memory and on disk: rows, blocks, shuffled blocks, reading ahead."""

import pickle
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from anndata import AnnData
from conftest import simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from made_forms import write_zarr
from scipy import sparse

from scbaseline import Counts, counts, keys
from scbaseline.ahead import ahead
from scbaseline.data.read import open_counts
from scbaseline.data.rows import row_reader
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError

CELLS = simulate(n_cells=100, n_genes=40)
MATRIX, TOTALS = CELLS.X, CELLS.obs[keys.TOTAL_COUNTS].to_numpy()
GENES = np.array([3, 17, 20, 39])


@dataclass(frozen=True)
class Rows:
    """The matrix as a source that reads adjacent cells, as a disk does."""

    @property
    def shape(self) -> tuple[int, int]:
        """The number of cells and of genes."""
        return MATRIX.shape

    def read(self, start: int, stop: int) -> sparse.csr_matrix:
        """Return a run of rows."""
        return MATRIX[start:stop]


PLACES = {"memory": Counts(MATRIX, TOTALS), "disk": Counts.on_disk(Rows(), TOTALS)}
places = pytest.mark.parametrize("place", PLACES)


@places
@settings(deadline=None, max_examples=40)
@given(st.integers(1, 120), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_blocks_hold_the_wanted_cells_in_order(
    place: str, block_cells: int, chunk_cells: int, seed: int
) -> None:
    """Whatever the sizes and the mask, the blocks joined are the matrix's rows."""
    rng = np.random.default_rng(seed)
    wanted = rng.random(100) < rng.random()
    with (
        mock.patch.object(counts, "BLOCK_CELLS", block_cells),
        mock.patch.object(counts, "CHUNK_CELLS", chunk_cells),
    ):
        rows = PLACES[place].rows(wanted)
        blocks = list(rows.blocks(GENES))
        sizes = [block_ng.shape[0] for block_ng, _ in blocks]
        assert set(sizes[:-1]) <= {block_cells}
        joined = sparse.vstack([block_ng for block_ng, _ in blocks]).toarray()
        np.testing.assert_array_equal(joined, MATRIX[wanted][:, GENES].toarray())
        np.testing.assert_array_equal(np.concatenate([b for _, b in blocks]), TOTALS[wanted])
        np.testing.assert_array_equal(rows.counts_ng.toarray(), MATRIX[wanted].toarray())
        assert rows.shape == (wanted.sum(), 40)


@places
def test_rows_of_rows_are_rows(place: str) -> None:
    """Masks and numbers can be chained; a further mask is over the cells that are left."""
    even = PLACES[place].rows(np.arange(0, 100, 2))
    few = even.rows(np.arange(50) % 5 == 1)
    np.testing.assert_array_equal(few.counts_ng.toarray(), MATRIX[2::10].toarray())
    np.testing.assert_array_equal(few.total_n, TOTALS[2::10])


@places
@pytest.mark.parametrize("rows_n", [[3, 2], [3, 3]])
def test_rows_that_do_not_rise_are_refused(place: str, rows_n: list[int]) -> None:
    """Cells out of order or twice would silently be other cells than asked for."""
    with pytest.raises(ValueError, match="do not rise"):
        PLACES[place].rows(np.array(rows_n))


def test_totals_of_other_cells_are_refused() -> None:
    """One total a cell."""
    with pytest.raises(ValueError, match="99 totals for the counts of 100 cells"):
        Counts(MATRIX, TOTALS[1:])


@places
@settings(deadline=None, max_examples=40)
@given(st.integers(1, 120), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_each_wanted_cell_comes_once_with_its_own_counts(
    place: str, chunk_cells: int, chunks: int, seed: int
) -> None:
    """Whatever the sizes, shuffled blocks hold the wanted cells, each once."""
    rng = np.random.default_rng(seed)
    wanted = np.flatnonzero(rng.random(100) < rng.random())
    blocks = PLACES[place].rows(wanted).shuffled(rng, GENES, chunk_cells=chunk_cells, chunks=chunks)
    seen = []
    for rows_n, counts_ng, total_n in blocks:
        assert len(rows_n) <= chunk_cells * chunks
        np.testing.assert_array_equal(
            counts_ng.toarray(), MATRIX[wanted[rows_n]][:, GENES].toarray()
        )
        np.testing.assert_array_equal(total_n, TOTALS[wanted[rows_n]])
        seen += rows_n.tolist()
    assert sorted(seen) == list(range(len(wanted)))


def order(place: str, rng: np.random.Generator) -> list[int]:
    """Return the order of the cells of one pass."""
    blocks = PLACES[place].shuffled(rng, GENES, chunk_cells=5, chunks=4)
    return [int(row) for rows_n, _, _ in blocks for row in rows_n]


@places
def test_orders_differ_between_passes_and_repeat_with_the_seed(place: str) -> None:
    """A second pass is in another order; a pass with the same seed is in the same."""
    rng = np.random.default_rng(0)
    first, second = order(place, rng), order(place, rng)
    assert first != second
    assert first == order(place, np.random.default_rng(0))


def test_the_order_is_the_same_in_memory_and_on_disk() -> None:
    """Where counts lie changes no result."""
    in_memory, on_disk = (order(place, np.random.default_rng(0)) for place in PLACES)
    assert in_memory == on_disk


@places
def test_a_block_mixes_places_that_lie_far_apart(place: str) -> None:
    """In a sorted file, a block is no stretch of it: its cells come from all over."""
    blocks = PLACES[place].shuffled(np.random.default_rng(0), GENES, chunk_cells=2, chunks=10)
    for rows_n, _, _ in blocks:
        assert np.ptp(rows_n) > 50
        assert not (np.diff(rows_n) == 1).all()


def test_reads_little_more_than_the_wanted_rows() -> None:
    """Where few cells of a disk are wanted, the stretches between them are not read."""
    n_read = []

    class Noted(Rows):
        def read(self, start: int, stop: int) -> sparse.csr_matrix:
            n_read.append(stop - start)
            return super().read(start, stop)

    wanted = np.array([0, 1, 50, 99])
    with mock.patch.object(counts, "CHUNK_CELLS", 10):
        (block,) = Counts.on_disk(Noted(), TOTALS).rows(wanted).blocks()
    np.testing.assert_array_equal(block[0].toarray(), MATRIX[wanted].toarray())
    assert n_read == [2, 1, 1]


def test_counts_in_memory_can_be_pickled() -> None:
    """Another process gets the same counts."""
    copy = pickle.loads(pickle.dumps(PLACES["memory"]))  # noqa: S301 -- our own bytes
    assert (copy.counts_ng != MATRIX).nnz == 0
    np.testing.assert_array_equal(copy.total_n, TOTALS)


def test_says_how_large_it_is_and_where() -> None:
    """The text for a person names cells, genes and place, not the numbers."""
    assert repr(PLACES["disk"]) == "Counts(100 cells × 40 genes, on disk)"
    assert PLACES["disk"].n_bytes == 0
    assert PLACES["memory"].n_bytes > 0


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_rows_of_a_file_are_those_of_its_matrix(ending: str, tmp_path: Path) -> None:
    """Any run of rows on disk is that of the matrix, also past its end; so are its counts."""
    path = tmp_path / f"cells.{ending}"
    plain = AnnData(MATRIX, obs=CELLS.obs[[]], var=CELLS.var[[]])
    write_zarr(plain, path) if ending == "zarr" else plain.write_h5ad(path)
    with open_counts(path) as adata:
        read = row_reader(adata.X)
        for start, stop in ((0, 100), (0, 1), (37, 60), (90, 120), (99, 100), (50, 50)):
            np.testing.assert_array_equal(read(start, stop).toarray(), MATRIX[start:stop].toarray())
        on_disk = stream_counts(adata).counts()
        np.testing.assert_array_equal(on_disk.counts_ng.toarray(), MATRIX.toarray())
        np.testing.assert_array_equal(on_disk.total_n, TOTALS)


def test_two_types_of_indices_become_one() -> None:
    """Nothing is copied but the starts of the rows."""
    mixed = MATRIX.copy()
    mixed.indptr = mixed.indptr.astype(np.int64)
    source = Counts(mixed, TOTALS).source
    assert source.indptr.dtype == source.indices.dtype == np.int32
    assert np.shares_memory(source.data, mixed.data)
    assert np.shares_memory(source.indices, mixed.indices)
    assert mixed.indptr.dtype == np.int64, "the caller's matrix is left as it is"
    assert type(source) is type(mixed)
    np.testing.assert_array_equal(source.toarray(), MATRIX.toarray())


def test_large_indices_are_shared_and_other_formats_left() -> None:
    """What is not CSR is not read as if it were, and columns are never copied."""
    large = MATRIX.copy()
    large.indices = large.indices.astype(np.int64)
    assert np.shares_memory(Counts(large, TOTALS).source.indices, large.indices)
    columns = MATRIX[:40].tocsc()
    columns.indptr = columns.indptr.astype(np.int64)
    np.testing.assert_array_equal(
        Counts(columns, TOTALS[:40]).counts_ng.toarray(), MATRIX[:40].toarray()
    )


def test_totals_are_those_of_the_genes_alone(tmp_path: Path) -> None:
    """Features that are no genes leave the counts, and add nothing to the totals."""
    is_gene = np.arange(40) % 4 > 0
    var = CELLS.var[[]].assign(
        feature_types=np.where(is_gene, "Gene Expression", "Antibody Capture")
    )
    AnnData(MATRIX, obs=CELLS.obs[[]], var=var).write_h5ad(tmp_path / "cells.h5ad")
    with open_counts(tmp_path / "cells.h5ad") as adata:
        on_disk = stream_counts(adata).counts()
        expected = MATRIX[:, is_gene].toarray()
        np.testing.assert_array_equal(on_disk.counts_ng.toarray(), expected)
        np.testing.assert_array_equal(on_disk.total_n, expected.sum(axis=1))


def test_columns_on_disk_cannot_be_read_by_rows(tmp_path: Path) -> None:
    """A file compressed by columns is refused, with what to do."""
    AnnData(sparse.csc_matrix(MATRIX), obs=CELLS.obs[[]], var=CELLS.var[[]]).write_h5ad(
        tmp_path / "columns.h5ad"
    )
    with open_counts(tmp_path / "columns.h5ad") as adata:
        stream = stream_counts(adata)
        with pytest.raises(InputError, match="compressed by columns"):
            stream.counts()


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
