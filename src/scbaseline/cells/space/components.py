"""Principal components: blocks of sparse differences in; axes, variances and means out.

The constant row of scaled counts cancels in a covariance, so that of the sparse differences
is that of the values. While all differences take no more room than the covariance matrix
would, they are kept, and the matrix is never formed: Lanczos' method only asks for its
products with vectors. Beyond that, the products of the differences are summed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import eigh
from scipy.linalg.blas import dsymv
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from threadpoolctl import threadpool_limits

_SMALL = 400  # genes: a full decomposition takes no longer than Lanczos' method
_KEPT = 1.0  # non-zeros of all differences, as a share of those of the covariance
_RESIDUAL = 1e-6  # of the largest eigenvalue

Product = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Components:
    """Leading eigenvectors of a covariance.

    Attributes
    ----------
    mean_g
        Mean of the differences, per gene.
    axes_gc
        Principal axes, genes × components, orthonormal, the largest loading positive.
    variance_c
        Variance along each axis, falling.
    note
        What had to be done otherwise than usual, or ``""``.
    """

    mean_g: NDArray[np.float64]
    axes_gc: NDArray[np.float64]
    variance_c: NDArray[np.float64]
    note: str = ""


def fit_components(
    blocks: Iterable[sparse.csr_matrix], *, n_genes: int, n_comps: int
) -> Components:
    """Find the directions of largest variance.

    Parameters
    ----------
    blocks
        What non-zero counts add to the constant row, cells × genes; two cells at least.
    n_comps
        Number of axes, at most ``n_genes`` − 1.

    References
    ----------
    Lehoucq, Sorensen & Yang, ARPACK Users' Guide, SIAM 1998.
    """
    sums = _Sums(n_genes)
    for difference_ng in blocks:
        sums.add(difference_ng)
    mean_g = sums.sum_g / sums.n_cells
    # On two busy cores, two BLAS threads made this many times slower than one.
    with threadpool_limits(1, user_api="blas"):
        variance_c, axes_gc, note = _leading(sums, mean_g, n_comps)
    largest = np.abs(axes_gc).argmax(axis=0)
    axes_gc = axes_gc * np.sign(axes_gc[largest, np.arange(n_comps)])
    return Components(mean_g, axes_gc, variance_c, note)


class _Sums:
    """What is known after some blocks: the differences themselves, or their products' sum."""

    def __init__(self, n_genes: int) -> None:
        self.n_genes = n_genes
        self.n_cells = 0
        self.sum_g = np.zeros(n_genes)
        self.kept: list[sparse.csr_matrix] = []
        self.gram_gg: NDArray[np.float64] | None = None

    def add(self, difference_ng: sparse.csr_matrix) -> None:
        self.n_cells += difference_ng.shape[0]
        self.sum_g += np.asarray(difference_ng.sum(axis=0)).ravel()
        self.kept.append(difference_ng)
        n_kept = sum(one.nnz for one in self.kept)
        if self.gram_gg is not None or n_kept > _KEPT * self.n_genes**2:
            self.gram_gg, self.kept = self.gram(), []

    def gram(self) -> NDArray[np.float64]:
        gram_gg = np.zeros((self.n_genes, self.n_genes)) if self.gram_gg is None else self.gram_gg
        for one in self.kept:
            gram_gg += (one.T @ one).toarray()
        return gram_gg

    def covariance(self, mean_g: NDArray[np.float64]) -> NDArray[np.float64]:
        covariance_gg = self.gram() - self.n_cells * np.outer(mean_g, mean_g)
        covariance_gg /= self.n_cells - 1
        return covariance_gg

    def product(self, mean_g: NDArray[np.float64]) -> Product:
        """Return the function that multiplies the covariance with a vector."""
        if self.gram_gg is not None:
            columns_gg = self.covariance(mean_g).T  # symmetric; BLAS wants columns together
            return lambda v_g: dsymv(1.0, columns_gg, v_g)
        x_ng = sparse.vstack(self.kept, format="csr") if len(self.kept) > 1 else self.kept[0]
        x_gn = x_ng.T

        def multiply(v_g: NDArray[np.float64]) -> NDArray[np.float64]:
            y_n = x_ng @ v_g
            y_n -= mean_g @ v_g
            product_g: NDArray[np.float64] = x_gn @ y_n
            product_g -= mean_g * y_n.sum()
            product_g /= self.n_cells - 1
            return product_g

        return multiply


def _leading(
    sums: _Sums, mean_g: NDArray[np.float64], n_comps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Return the largest eigenvalues, falling, and their vectors, after a test of both."""
    if sums.n_genes <= _SMALL:
        return *_full(sums.covariance(mean_g), n_comps), ""
    multiply = sums.product(mean_g)
    shape = (sums.n_genes, sums.n_genes)
    operator = LinearOperator(shape, matvec=multiply, dtype=np.dtype(np.float64))
    start = np.ones(sums.n_genes) / np.sqrt(sums.n_genes)  # ARPACK draws its own otherwise
    try:
        variance_c, axes_gc = eigsh(operator, k=n_comps, which="LA", v0=start)
    except ArpackError:  # it did not converge, or the covariance is zero
        worst = np.inf
    else:
        order = np.argsort(-variance_c)
        variance_c, axes_gc = variance_c[order], axes_gc[:, order]
        images_gc = np.column_stack([multiply(axis_g) for axis_g in axes_gc.T])
        worst = float(np.linalg.norm(images_gc - axes_gc * variance_c, axis=0).max())
        if worst <= _RESIDUAL * variance_c[0]:
            return variance_c, axes_gc, ""
    note = (
        "the principal components are of a full decomposition of the covariance, since the "
        f"faster search did not settle (residual {worst:.1e})"
    )
    return *_full(sums.covariance(mean_g), n_comps), note


def _full(
    covariance_gg: NDArray[np.float64], n_comps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n_genes = len(covariance_gg)
    variance_c, axes_gc = eigh(covariance_gg, subset_by_index=(n_genes - n_comps, n_genes - 1))
    return variance_c[::-1], axes_gc[:, ::-1]
