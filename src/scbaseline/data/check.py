"""Turns counts as they were read into counts that can be trusted, or refuses them.

Every value of every cell is looked at, not the first row alone.
"""

import copy
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse

from scbaseline import keys
from scbaseline.data.fingerprint import fingerprint
from scbaseline.data.genes import unique_names
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.provenance import Provenance, identified, provenance_of
from scbaseline.errors import InputError, did_you_mean

_LARGEST_LOG = 20.0  # log1p of 485 million: no logarithm of counts is larger
_ROUNDING = 1e-6  # of totals that were summed or kept as float32


def check_counts(adata: AnnData, *, total_key: str | None = None) -> AnnData:
    """Return the raw counts of ``adata`` with each cell's total, or say what they are not.

    Parameters
    ----------
    adata
        Cells × genes with raw counts in X; left as it is.
    total_key
        Column of obs that holds each cell's total over all genes, where X holds only some
        of them; by default the one that the provenance names, else the sums of X.

    Returns
    -------
    A new AnnData. X is canonical CSR float32 (duplicates summed, no stored zeros);
    ``obs["total_counts"]`` is float64; obs, var and uns are copies, with the provenance
    brought up to date; layers, obsm, obsp, varm and raw are left out.

    Raises
    ------
    InputError
        X holds something else than whole numbers from 0 on, nothing at all, or two cells
        of one name; or the totals cannot be those of these counts.
    """
    provenance = provenance_of(adata)
    try:
        return _checked(adata.to_memory() if adata.isbacked else adata, provenance, total_key)
    except InputError as error:
        raise InputError(f"{provenance.name}: {error}") from error


def _checked(adata: AnnData, provenance: Provenance, total_key: str | None) -> AnnData:
    for n, what in ((adata.n_obs, "cells"), (adata.n_vars, "genes")):
        if n == 0:
            raise InputError(f"X has no {what} ({adata.n_obs} cells × {adata.n_vars} genes)")
    if not adata.obs_names.is_unique:
        name = adata.obs_names[adata.obs_names.duplicated()][0]
        raise InputError(
            f"two cells are called {name!r}; make the names unique, e.g. in Python: "
            "adata.obs_names_make_unique()"
        )
    counts_ng = canonical_csr(adata.X, copy=True)
    _refuse_other_values(counts_ng, adata)
    if counts_ng.nnz == 0:
        raise InputError(f"X holds only zeros; {_where_counts_are(adata)}")

    if total_key is None and provenance.total_key in adata.obs:
        total_key = provenance.total_key
    totals_n: npt.NDArray[np.float64] = np.asarray(counts_ng @ np.ones(adata.n_vars))
    if total_key:
        totals_n = _given_totals(adata.obs, total_key, totals_n)

    obs, var, uns = adata.obs.copy(), adata.var.copy(), copy.deepcopy(dict(adata.uns))
    obs[keys.TOTAL_COUNTS] = totals_n
    var.index = unique_names(var.index)
    # It says of X what holds no longer, and scanpy would warn of a second logarithm.
    uns.pop("log1p", None)
    checked = AnnData(counts_ng, obs=obs, var=var, uns=uns)
    checked.uns[keys.PROVENANCE] = _brought_up_to_date(provenance, checked, total_key).to_uns()
    return checked


def _refuse_other_values(counts_ng: "sparse.csr_matrix[np.float32]", adata: AnnData) -> None:
    values = counts_ng.data
    for what, bad in (
        ("NaN", np.isnan(values)),
        ("infinite values", np.isinf(values)),
        ("negative values", values < 0),
        ("non-integers", np.rint(values) != values),
    ):
        if not bad.any():
            continue
        position = int(np.argmax(bad))
        cell = int(np.searchsorted(counts_ng.indptr, position, side="right")) - 1
        gene = int(counts_ng.indices[position])
        looks = ""
        if what == "negative values":
            looks = "; they look scaled or centred"
        elif what == "non-integers" and values.max() <= _LARGEST_LOG:
            looks = "; they look like log1p of normalised counts"
        raise InputError(
            f"X holds {what} (first: {values[position]!s} at cell {adata.obs_names[cell]}, "
            f"gene {adata.var_names[gene]}){looks}; {_where_counts_are(adata)}"
        )


def _where_counts_are(adata: AnnData) -> str:
    """Say what to type: where the file holds counts elsewhere than in X, how to move them."""
    # The usual names first: several layers may hold whole numbers.
    for name in sorted(adata.layers, key=lambda name: (name not in ("counts", "raw"), name)):
        if _holds_counts(adata.layers[name]):
            return (
                f"layers[{name!r}] holds whole numbers: move them to X in Python: "
                f"adata.X = adata.layers[{name!r}]"
            )
    if adata.raw is not None and _holds_counts(adata.raw.X):
        return "raw.X holds whole numbers: take them in Python: adata = adata.raw.to_adata()"
    return "pass raw counts"


def _holds_counts(matrix: object) -> bool:
    try:
        values = canonical_csr(matrix).data
    except InputError:
        return False
    return bool(
        len(values)
        and np.all(np.isfinite(values) & (values >= 0))
        and np.all(np.rint(values) == values)
    )


def _given_totals(
    obs: pd.DataFrame, total_key: str, sums_n: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    if total_key not in obs:
        raise InputError(f"obs has no column {total_key!r}. {did_you_mean(total_key, obs.columns)}")
    column = obs[total_key]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise InputError(
            f"obs[{total_key!r}] holds {column.dtype}; name a column with each cell's total count"
        )
    totals_n: npt.NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    # Written so that a NaN, which compares false with everything, is refused.
    bad = ~(np.isfinite(totals_n) & (totals_n >= sums_n * (1 - _ROUNDING)))
    if bad.any():
        cell = int(np.argmax(bad))
        raise InputError(
            f"obs[{total_key!r}] is {totals_n[cell]:g} at cell {obs.index[cell]}, whose counts "
            f"in X sum to {sums_n[cell]:g}; name a column with the total over all genes"
        )
    return totals_n


def _brought_up_to_date(
    provenance: Provenance, checked: AnnData, total_key: str | None
) -> Provenance:
    seen = fingerprint(checked)
    if not provenance.fingerprint:
        provenance = identified(provenance.name, seen)
    elif provenance.fingerprint != seen:
        provenance = replace(
            provenance, title=f"{provenance.title}, changed after reading", fingerprint=seen
        )
    return replace(provenance, total_key=total_key or "")
