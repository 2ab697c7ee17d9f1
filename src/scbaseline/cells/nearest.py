"""Turns principal components into each cell's nearest other cells, where cells are many.

Cells are divided into regions, one around each of about √n centres. Each cell is compared with
the cells of its own region, then with those of the next nearest regions, round by round. After
each round the neighbours of a sample of cells are checked against all pairs. The search ends
when enough of them are the true ones, and a round keeps what the rounds before it found: so
the effort is what the data need, and none is thrown away.

At 50,000 cells and a recall of .96, HNSW took about five times as many processor seconds in
each of four libraries, pynndescent 2.8 times, and the same kind of index in faiss 1.5 times as
many (``python benchmarks/neighbour_search.py``). This search is quick because the distances of many
cells to one region are one matrix product.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from scbaseline.cells.regions import BLOCK, nearest_centres, regional_centres, smallest_columns

_CHUNK = 2**15  # cells that one thread searches at a time; no result depends on the threads
_N_SAMPLE = 500  # cells whose neighbours are checked
_TOLERANCE = 1e-4  # of float32's distances


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest other cells of each cell.

    Attributes
    ----------
    indices_nk
        The cells found, nearest first.
    distances_nk
        Their Euclidean distances.
    recall
        The share of them that are truly among the nearest, on a sample of cells.
    n_regions
        The number of regions that each cell was compared with.
    """

    indices_nk: NDArray[np.int32]
    distances_nk: NDArray[np.float32]
    recall: float
    n_regions: int


def search_nearest(
    x_nc: NDArray[np.float32], k: int, *, min_recall: float, seed: int, threads: int = 1
) -> Nearest | None:
    """Find each cell's nearest other cells, most of them, without comparing all pairs.

    Parameters
    ----------
    x_nc
        Principal components, cells × components.
    k
        The number of neighbours, less than the number of cells.
    min_recall
        The share of neighbours, on a sample of 500 cells, that must be the true ones.
    seed
        Of the centres and of the sample.
    threads
        The number of threads. It changes no digit of the result.

    Returns
    -------
    The neighbours; ``None`` where half of the regions do not suffice, or where most cells lie
    in one region (copies of one cell, say), so that there is little to save.

    References
    ----------
    Sivic & Zisserman, Video Google, ICCV 2003, on inverted files; Jégou, Douze & Schmid,
    Product quantization for nearest neighbor search, IEEE TPAMI 2011, on searching the
    nearest lists of one.

    Examples
    --------
    >>> import numpy as np
    >>> from scbaseline.cells.nearest import search_nearest
    >>> x_nc = np.random.default_rng(0).normal(size=(2000, 5)).astype(np.float32)
    >>> search_nearest(x_nc, 9, min_recall=0.95, seed=0).recall >= 0.95
    True
    """
    rng = np.random.default_rng(seed)
    chunks = [slice(a, min(a + _CHUNK, len(x_nc))) for a in range(0, len(x_nc), _CHUNK)]
    # A product is made by one thread; several chunks are searched side by side.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        search = _Search(x_nc, regional_centres(x_nc, rng), k)
        if not search.is_divided():
            return None
        sample_s = np.sort(rng.choice(len(x_nc), min(_N_SAMPLE, len(x_nc)), replace=False))
        farthest_s = _farthest(search.x_nc, sample_s, k)
        list(pool.map(search.compare_own_region, chunks))
        for first, last in _rounds(len(search.centres_rc)):
            if last > search.n_ranked:
                search.start_ranks(min(max(32, 4 * last), len(search.centres_rc)))
                list(pool.map(search.rank_regions, chunks))
            list(pool.map(partial(search.compare, first=first, last=last), chunks))
            hits_sk = search.exact(sample_s)[1] <= farthest_s[:, None] * (1 + _TOLERANCE)
            recall = float(hits_sk.mean())
            if recall >= min_recall and search.is_full():
                indices_nk, distances_nk = search.in_given_order(pool.map(search.exact, chunks))
                return Nearest(indices_nk, distances_nk, recall, last)
    return None


def _rounds(n_regions: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last rank of the regions of each round, up to half of all regions."""
    half = n_regions // 2
    return pairwise(
        [1, *(last for last in (4, 8, 16, 24, *range(32, half, 16)) if last < half), half]
    )


def _farthest(
    x_nc: NDArray[np.float32], sample_s: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """Return the distance to the last true neighbour, of a sample of cells."""
    from sklearn.neighbors import NearestNeighbors

    exact = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(x_nc)
    farthest_s: NDArray[np.float64] = exact.kneighbors(x_nc[sample_s])[0][:, -1]
    return farthest_s


class _Search:
    """The neighbours found so far. Cells are in the order of their regions."""

    def __init__(self, x_nc: NDArray[np.float32], centres_rc: NDArray[np.float32], k: int) -> None:
        region_n = nearest_centres(x_nc, centres_rc, 1)[:, 0]
        self.order_n = np.argsort(region_n, kind="stable")
        self.x_nc, self.region_n, self.centres_rc = (
            x_nc[self.order_n],
            region_n[self.order_n],
            centres_rc,
        )
        self.starts_r = np.searchsorted(self.region_n, np.arange(len(centres_rc) + 1))
        # Squares of distances, smallest first; infinite where no neighbour is found yet.
        self.squares_nk = np.full((len(x_nc), k), np.inf, dtype=np.float32)
        self.indices_nk = np.zeros((len(x_nc), k), dtype=np.int32)
        self.start_ranks(0)

    def is_divided(self) -> bool:
        """Return whether the pairs of cells within regions are few of all pairs."""
        n_cells_r = np.diff(self.starts_r)
        return bool((n_cells_r / len(self.x_nc)) @ (n_cells_r / len(self.x_nc)) < 1 / 8)

    @property
    def n_ranked(self) -> int:
        """The number of regions that are ranked by their distance to each cell."""
        return self._ranks_nr.shape[1]

    def start_ranks(self, n_regions: int) -> None:
        """Make room for more ranks, which :meth:`rank_regions` fills."""
        self._ranks_nr = np.empty((len(self.x_nc), n_regions), dtype=np.int32)

    def rank_regions(self, cells: slice) -> None:
        """Find the nearest regions of some cells; the own one is the first."""
        self._ranks_nr[cells] = nearest_centres(
            self.x_nc[cells], self.centres_rc, self.n_ranked, own_n=self.region_n[cells]
        )

    def compare_own_region(self, cells: slice) -> None:
        """Compare some cells with the others of their regions."""
        for region in range(self.region_n[cells.start], self.region_n[cells.stop - 1] + 1):
            start, stop = self.starts_r[region], self.starts_r[region + 1]
            k = min(self.squares_nk.shape[1], stop - start - 1)
            own_m = np.arange(max(start, cells.start), min(stop, cells.stop))
            if k < 1:
                continue
            for cells_b, squares_bw in self._squares(region, own_m):
                squares_bw[np.arange(len(cells_b)), cells_b - start] = np.inf  # the cell itself
                column_bk = smallest_columns(squares_bw, k)
                self.squares_nk[cells_b, :k] = np.take_along_axis(squares_bw, column_bk, axis=1)
                self.indices_nk[cells_b, :k] = start + column_bk

    def compare(self, cells: slice, *, first: int, last: int) -> None:
        """Compare some cells with the regions of these ranks, and keep what is nearer."""
        ranks_mr = self._ranks_nr[cells, first:last]
        by_region = np.argsort(ranks_mr, axis=None, kind="stable")
        cell_p = cells.start + by_region // ranks_mr.shape[1]
        regions, starts = np.unique(ranks_mr.ravel()[by_region], return_index=True)
        hits = []
        for region, cells_q in zip(regions, np.split(cell_p, starts[1:]), strict=True):
            for cells_b, squares_bw in self._squares(region, cells_q):
                hit_h = np.flatnonzero(squares_bw < self.squares_nk[cells_b, -1:])
                row_h, column_h = np.divmod(hit_h, squares_bw.shape[1])
                found_h = (self.starts_r[region] + column_h).astype(np.int32)
                hits.append((cells_b[row_h], found_h, squares_bw.ravel()[hit_h]))
        if hits:
            self._keep(cells, *(np.concatenate(parts) for parts in zip(*hits, strict=True)))

    def _squares(
        self, region: int, cells_q: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield cells and the squares of their distances to all cells of a region, in blocks.

        One matrix product gives |a|² − 2ab + |b|², seen from the region's centre, since
        differences of large squares would lose digits.
        """
        centre_c = self.centres_rc[region]
        inside_wc = self.x_nc[self.starts_r[region] : self.starts_r[region + 1]] - centre_c
        if not len(inside_wc):
            return
        n_comps = len(centre_c)
        factor_fw = np.ones((n_comps + 2, len(inside_wc)), dtype=np.float32)
        factor_fw[:n_comps] = -2 * inside_wc.T
        factor_fw[n_comps] = (inside_wc**2).sum(axis=1)
        step = max(1, BLOCK // len(inside_wc))
        factor_bf = np.ones((step, n_comps + 2), dtype=np.float32)
        squares_bw = np.empty((step, len(inside_wc)), dtype=np.float32)
        for a in range(0, len(cells_q), step):
            cells_b = cells_q[a : a + step]
            n = len(cells_b)
            seen_bc = np.subtract(self.x_nc[cells_b], centre_c, out=factor_bf[:n, :n_comps])
            np.einsum("bc,bc->b", seen_bc, seen_bc, out=factor_bf[:n, n_comps + 1])
            np.matmul(factor_bf[:n], factor_fw, out=squares_bw[:n])
            yield cells_b, squares_bw[:n]

    def _keep(
        self,
        cells: slice,
        cell_h: NDArray[np.int64],
        found_h: NDArray[np.int32],
        square_h: NDArray[np.float32],
    ) -> None:
        """Join hits with the neighbours found before, and keep the nearest of each cell."""
        n_cells, k = self.squares_nk[cells].shape
        row_m = np.concatenate([np.repeat(np.arange(n_cells), k), cell_h - cells.start])
        found_m = np.concatenate([self.indices_nk[cells].ravel(), found_h])
        # Without a sign, a float's bits are in the order of its value. Rounding can leave a
        # square of zero a little below it.
        square_m = np.abs(np.concatenate([self.squares_nk[cells].ravel(), square_h]))
        order_m = np.argsort((row_m << 32) | square_m.view(np.uint32), kind="stable")
        starts_n = np.searchsorted(row_m[order_m], np.arange(n_cells))
        kept_nk = order_m[starts_n[:, None] + np.arange(k)]
        self.squares_nk[cells], self.indices_nk[cells] = square_m[kept_nk], found_m[kept_nk]

    def is_full(self) -> bool:
        """Return whether every cell has as many neighbours as are wanted."""
        return bool(np.isfinite(self.squares_nk).all())

    def exact(
        self, cells_m: slice | NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the neighbours of some cells and the distances, without the product's error."""
        found_mk = self.indices_nk[cells_m]
        gap_mkc = self.x_nc[found_mk] - self.x_nc[cells_m][:, None]
        distance_mk = np.sqrt(np.einsum("mkc,mkc->mk", gap_mkc, gap_mkc))
        order_mk = np.argsort(distance_mk, axis=1, kind="stable")
        return (
            np.take_along_axis(found_mk, order_mk, axis=1),
            np.take_along_axis(distance_mk, order_mk, axis=1),
        )

    def in_given_order(
        self, parts: Iterable[tuple[NDArray[np.int32], NDArray[np.float32]]]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return neighbours and distances of all cells, in the order in which cells came."""
        indices_nk, distances_nk = np.empty_like(self.indices_nk), np.empty_like(self.squares_nk)
        found_nk, distance_nk = (np.concatenate(part) for part in zip(*parts, strict=True))
        indices_nk[self.order_n] = self.order_n[found_nk]
        distances_nk[self.order_n] = distance_nk
        return indices_nk, distances_nk
