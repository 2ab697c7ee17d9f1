"""Turns principal components into regions of nearby cells: their centres, and who is near.

The centres are those of k-means. They need not be good ones: they only say which cells are
compared first.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK = 2**17  # distances that are held at a time: half a mebibyte stays in a core's cache
_CELLS_PER_CENTRE = 50  # of the sample that centres are fitted to
_PASSES = 5  # of k-means


def regional_centres(x_nc: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return about √n centres, by a few passes of k-means over a sample of cells.

    Parameters
    ----------
    x_nc
        Principal components, cells × components.
    rng
        Draws the sample and the cells that the centres begin as.

    References
    ----------
    Lloyd, Least squares quantization in PCM, IEEE Transactions on Information Theory 1982.
    """
    n_regions = round(len(x_nc) ** 0.5)
    n_sample = min(len(x_nc), n_regions * _CELLS_PER_CENTRE)
    sample_sc = x_nc[rng.choice(len(x_nc), n_sample, replace=False)]
    centres_rc: NDArray[np.float32] = sample_sc[:n_regions].copy()
    for _ in range(_PASSES):
        region_s = nearest_centres(sample_sc, centres_rc, 1)[:, 0]
        member = sparse.csr_matrix((np.ones(n_sample, np.float32), region_s, range(n_sample + 1)))
        sums_rc, n_r = member.T @ sample_sc, np.bincount(region_s)
        filled_r = np.flatnonzero(n_r)
        centres_rc[filled_r] = sums_rc[filled_r] / n_r[filled_r, None]
    return centres_rc


def nearest_centres(
    x_nc: NDArray[np.float32],
    centres_rc: NDArray[np.float32],
    n_nearest: int,
    *,
    own_n: NDArray[np.int32] | None = None,
) -> NDArray[np.int32]:
    """Return each cell's nearest centres, nearest first.

    Parameters
    ----------
    x_nc
        Principal components, cells × components.
    centres_rc
        Centres of regions × components.
    n_nearest
        The number of centres of each cell.
    own_n
        The centre that each cell has already; it comes first. Between centres as near as each
        other, another product of matrices may decide another way.
    """
    nearest_nr = np.empty((len(x_nc), n_nearest), dtype=np.int32)
    square_r = (centres_rc**2).sum(axis=1)
    turned_cr = np.ascontiguousarray(-2 * centres_rc.T)
    step = max(1, BLOCK // len(centres_rc))
    for a in range(0, len(x_nc), step):
        d_nr = x_nc[a : a + step] @ turned_cr
        d_nr += square_r  # the square of the distance, but for the cell's own square
        if own_n is not None:
            d_nr[np.arange(len(d_nr)), own_n[a : a + step]] = -np.inf
        nearest_nr[a : a + step] = smallest_columns(d_nr, n_nearest)
    return nearest_nr


def smallest_columns(d_nm: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the columns of each row's smallest values, smallest first.

    Parameters
    ----------
    d_nm
        Rows of values.
    k
        The number of columns of each row.
    """
    if k == 1:
        lowest_n: NDArray[np.int64] = d_nm.argmin(axis=1)
        return lowest_n[:, None]
    column_nk = np.argpartition(d_nm, k - 1, axis=1)[:, :k]
    order_nk = np.take_along_axis(d_nm, column_nk, axis=1).argsort(axis=1, kind="stable")
    in_order_nk: NDArray[np.int64] = np.take_along_axis(column_nk, order_nk, axis=1)
    return in_order_nk
