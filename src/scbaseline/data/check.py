"""Turns counts as they were read into counts that can be trusted, or refuses them.

What values and names look like is known in :mod:`scbaseline.data.doctor` alone.
"""

import copy
import warnings
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from scbaseline import keys
from scbaseline.data.doctor import Diagnosis, examine
from scbaseline.data.findings import BINARISED, findings, recovered, title
from scbaseline.data.fingerprint import fingerprint
from scbaseline.data.matrix import canonical_csr
from scbaseline.data.naming import unique_names
from scbaseline.data.provenance import Provenance, identified, provenance_of
from scbaseline.data.writable import require_one_of_each, writable_table
from scbaseline.errors import InputError, ScbaselineWarning, did_you_mean

_ROUNDING = 1e-6  # of totals that were summed or kept as float32


def check_counts(
    adata: AnnData, *, total_key: str | None = None, allow_fractional: bool = False
) -> AnnData:
    """Return the raw counts of ``adata`` with each cell's total, or say what they are not.

    Counts that were normalised and logarithms taken of are recovered where that is exact;
    see :mod:`scbaseline.data.recovery`.

    Parameters
    ----------
    adata
        Cells × genes with raw counts in X; left as it is.
    total_key
        Column of obs that holds each cell's total over all genes, where X holds only some
        of them; by default the one that the provenance names, else the sums of X.
    allow_fractional
        Accept counts with fractions, as alevin, RSEM and SoupX give them. Data that were
        read so need not be told again.

    Returns
    -------
    A new AnnData. X is canonical CSR float32 (duplicates summed, no stored zeros);
    ``obs["total_counts"]`` is float64; obs and var are copies that AnnData can write,
    uns is a copy, with the provenance brought up to date, whose ``notes`` say what was done;
    layers, obsm, obsp, varm and raw are left out.

    Raises
    ------
    InputError
        X holds something else than counts, nothing at all, or genes × cells; genes have no
        names; obs or var has two columns of one name; or the totals cannot be those of
        these counts.

    Warns
    -----
    ScbaselineWarning
        Cells share a name; in the result the second ``A`` is ``A-1``.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> "total_counts" in sb.check_counts(adata).obs
    True
    """
    provenance = provenance_of(adata)
    if allow_fractional:
        provenance = replace(provenance, allow_fractional=True)
    try:
        return _checked(adata.to_memory() if adata.isbacked else adata, provenance, total_key)
    except InputError as error:
        raise InputError(f"{provenance.name}: {error}") from error


def _checked(adata: AnnData, provenance: Provenance, total_key: str | None) -> AnnData:
    require_one_of_each(adata.obs, what="obs")
    require_one_of_each(adata.var, what="var")
    # Without X, the diagnosis says where the counts are.
    counts_ng = None if adata.X is None else canonical_csr(adata.X, copy=True)
    diagnosis = examine(adata, x=counts_ng, only_x=True)
    naming = diagnosis.names.naming
    require_usable(diagnosis, adata, allow_fractional=provenance.allow_fractional)
    assert counts_ng is not None  # noqa: S101 (an X that is missing was refused)
    if diagnosis.values.recovery is not None:
        counts_ng = diagnosis.values.recovery.counts(counts_ng)
    if naming.n_other_rows:
        counts_ng = counts_ng[:, naming.is_gene]

    if total_key is None and provenance.total_key in adata.obs:
        total_key = provenance.total_key
    totals_n: npt.NDArray[np.float64] = np.asarray(counts_ng @ np.ones(counts_ng.shape[1]))
    totals_n = totals_of(adata.obs, total_key or "", totals_n)

    obs, changed_obs = writable_table(adata.obs, what="obs")
    var, changed_var = writable_table(naming.var, what="var")
    uns = {name: _copied(value) for name, value in adata.uns.items()}
    obs[keys.TOTAL_COUNTS] = totals_n
    warn_of_cells_of_one_name(diagnosis)
    obs.index = unique_names(obs.index)
    # It says of X what holds no longer, and scanpy would warn of a second logarithm.
    uns.pop("log1p", None)
    checked = AnnData(counts_ng, obs=obs, var=var, uns=uns)
    provenance = _brought_up_to_date(provenance, adata, checked)
    n_others = provenance.n_other_features + naming.n_other_rows
    notes = [*provenance.notes, *notes_of(diagnosis, total_key), *changed_obs, *changed_var]
    checked.uns[keys.PROVENANCE] = replace(
        provenance,
        total_key=total_key or "",
        n_other_features=n_others,
        fractional=diagnosis.values.kind == "fractional",
        notes=tuple(dict.fromkeys(notes)),
    ).to_uns()
    return checked


def require_usable(diagnosis: Diagnosis, adata: AnnData, *, allow_fractional: bool) -> None:
    """Raise the first finding that is a refusal.

    Raises
    ------
    InputError
        The input cannot be used as it is.
    """
    for finding in findings(
        diagnosis,
        obs_names=adata.obs_names,
        var_names=adata.var_names,
        allow_fractional=allow_fractional,
    ):
        if finding.is_refusal:
            raise InputError(str(finding))


def warn_of_cells_of_one_name(diagnosis: Diagnosis) -> None:
    """Warn where cells share a name: each is a cell of its own, but names find only one."""
    names = diagnosis.names
    if names.n_duplicate_cells:
        warnings.warn(
            f"{names.n_duplicate_cells:,} cells have the name of an earlier cell (the first: "
            f"{names.duplicate_cell!r}); each row is a cell of its own, in the order of the input",
            ScbaselineWarning,
            stacklevel=4,
        )


def notes_of(diagnosis: Diagnosis, total_key: str | None) -> list[str]:
    """Say what was done to the input, and what weakens it."""
    values = diagnosis.values
    notes = []
    if values.recovery is not None:
        notes.append(f"X held {title(values)}; {recovered(values)}")
    if values.kind == "fractional":
        notes.append("X holds counts with fractions, which were allowed")
    notes += [*diagnosis.names.naming.notes, *caveats_of(diagnosis)]
    if diagnosis.selected and not total_key:
        named = f", perhaps {diagnosis.totals}" if diagnosis.totals else ""
        notes.append(
            f"depth unknown: X seems to hold a selection of {diagnosis.n_genes:,} genes, and no "
            f"column with each cell's total was named (--total-key{named})"
        )
    return notes


def caveats_of(diagnosis: Diagnosis) -> list[str]:
    """Say what a user must hear who wants to hear nothing else."""
    binarised = [f"no count is above 1; {BINARISED}"] if diagnosis.values.is_binarised else []
    return [*diagnosis.names.naming.caveats, *binarised]


def totals_of(
    obs: pd.DataFrame, total_key: str, sums_n: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return each cell's total: the column ``total_key``, or where that is ``""`` its sum.

    Raises
    ------
    InputError
        There is no such column, or it cannot hold the totals of these counts.
    """
    if not total_key:
        return sums_n
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


def _copied(value: object) -> object:
    """Return a copy; a lock or an open file, which cannot be copied, is itself."""
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 (an object may raise anything where it is copied)
        return value


def _brought_up_to_date(provenance: Provenance, before: AnnData, checked: AnnData) -> Provenance:
    seen = fingerprint(checked)
    if provenance.fingerprint == seen:
        return provenance
    known = identified(provenance.name, seen)
    if not provenance.fingerprint or provenance.fingerprint == fingerprint(before):
        # Of counts that were recovered it is only now that they are known.
        return replace(
            known,
            allow_fractional=provenance.allow_fractional,
            n_other_features=provenance.n_other_features,
            notes=provenance.notes,
        )
    return replace(provenance, title=f"{provenance.title}, changed after reading", fingerprint=seen)
