"""An input and settings in; kept cells, their counts, given labels and groups out."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from scbaseline import keys
from scbaseline.cells.qc import FilteredCells, filter_cells
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.data.check import check_counts
from scbaseline.data.fingerprint import fingerprint_of_blocks
from scbaseline.data.info import DataInfo
from scbaseline.data.naming import named_genes
from scbaseline.data.provenance import Provenance, identified, provenance_of
from scbaseline.data.shards import warn_of_bare_shards
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ScbaselineWarning
from scbaseline.ranks import ALONE, Ranks, exchanged, own_share
from scbaseline.stages import Stages
from scbaseline.study.labels import (
    Groups,
    Labels,
    check_label_key,
    groups_from_column,
    labels_from_column,
)

if TYPE_CHECKING:
    from anndata import AnnData

# How people call the column that tells one donor, sample or batch from another.
_BATCH_COLUMNS = frozenset(
    [
        "batch", "batch_id", "donor", "donor_id", "sample", "sample_id", "patient", "patient_id",
        "individual", "subject", "library", "library_id", "channel", "orig.ident",
    ]
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every command starts from.

    Attributes
    ----------
    data
        What the counts are.
    cells
        The cells that passed quality control.
    labels
        The given labels; ``None`` where clusters are to be the labels.
    groups
        The donor or batch of each kept cell, where a column was named.
    whole_numbers
        Whether counts are in memory and every one is a whole number, which thinning needs.
    """

    data: DataInfo
    cells: FilteredCells
    labels: Labels | None
    groups: Groups | None
    whole_numbers: bool

    @property
    def counts(self) -> Counts:
        """The counts of the kept cells."""
        return self.cells.counts


def prepare(
    adata: "AnnData", config: RunConfig, stages: Stages, *, ranks: Ranks = ALONE
) -> Prepared:
    """Check the counts, keep the cells worth keeping, and read given labels and groups.

    Parameters
    ----------
    adata
        Raw counts, cells × genes: in memory, or on disk as ``open_counts`` gives them. It is
        not changed.
    config
        The settings.
    stages
        Opens a named stage around each step.
    ranks
        Those that share the passes over counts on disk.

    Raises
    ------
    InputError
        The counts, labels or groups cannot be used; the message says why and what to do.
    ConfigError
        A setting cannot work on this machine.
    """
    if config.device == "cuda":  # a missing GPU is said now, not after the slow steps
        from scbaseline.learn.device import choose_device

        choose_device(config.device)
    with stages("check"):
        warn_of_bare_shards(adata, config.label_key)
        check_label_key(adata.obs, config)  # before quality control can say anything else
        if config.group_key is not None:
            groups_from_column(adata.obs, config)
        if in_memory(adata):
            counts, obs, var, describe = _in_memory(adata, config)
        else:
            counts, obs, var, describe = _on_disk(adata, config, ranks)
        counts = replace(counts, named_g=named_genes(var))
    with stages("quality control"):
        cells = filter_cells(counts, config, obs=obs, var=var, ranks=ranks)
    kept = cells.metrics["kept"].to_numpy()
    # From the input's own obs: quality control has written into the other.
    obs = adata.obs[kept]
    _warn_of_batches(obs, config)
    return Prepared(
        data=describe(cells),
        cells=cells,
        labels=None if config.label_key is None else labels_from_column(obs, config),
        groups=None if config.group_key is None else groups_from_column(obs, config),
        whole_numbers=cells.counts.in_memory and _are_whole(cells.counts.counts_ng.data),
    )


def in_memory(adata: "AnnData") -> bool:
    """Return whether the counts of an AnnData are in memory, not on disk."""
    return adata.X is None or isinstance(adata.X, np.ndarray) or sparse.issparse(adata.X)


Describe = Callable[[FilteredCells], DataInfo]
Read = tuple[Counts, pd.DataFrame, pd.DataFrame, Describe]
"""Counts, obs and var in a form that can be written, and what describes them."""


def _in_memory(adata: "AnnData", config: RunConfig) -> Read:
    checked = check_counts(adata, total_key=config.total_key)
    counts, origin = Counts.from_anndata(checked), provenance_of(checked)

    def describe(_: FilteredCells) -> DataInfo:
        n_counts = float(checked.X.sum(dtype=np.float64))
        return _describe(origin, counts, n_counts, origin.n_other_features, origin.notes)

    return counts, checked.obs, checked.var, describe


def _on_disk(adata: "AnnData", config: RunConfig, ranks: Ranks) -> Read:
    stream = stream_counts(adata, total_key=config.total_key, ranks=ranks)
    counts = stream.counts()

    def describe(cells: FilteredCells) -> DataInfo:
        own = own_share(counts, ranks).blocks()
        own_sum = sum(float(block_ng.sum(dtype=np.float64)) for block_ng, _ in own)
        n_counts = float(ranks.sum(np.array(own_sum)))
        seen = (
            ""
            if ranks.rank
            else fingerprint_of_blocks(
                lambda: (block_ng for block_ng, _ in counts.blocks()),
                cells.metrics[keys.N_GENES].to_numpy(),
                stream.var,
            )
        )
        seen = exchanged(seen, ranks)[0]  # it reads the cells in their order, so one rank does
        origin = replace(
            identified(provenance_of(adata).name, seen),
            fingerprint=seen,
            total_key=stream.total_key,
        )
        n_other = adata.n_vars - counts.shape[1]
        return _describe(origin, counts, n_counts, n_other, stream.notes)

    return counts, stream.obs, stream.var, describe


def _warn_of_batches(obs: pd.DataFrame, config: RunConfig) -> None:
    """Warn where cells of several donors or batches are about to be clustered together.

    Parameters
    ----------
    obs
        Annotations of the kept cells.
    config
        ``group_key``.
    """
    named = [config.group_key] if config.group_key else []
    for column in [*named, *(c for c in obs.columns if str(c).lower() in _BATCH_COLUMNS)]:
        n_values = obs[column].nunique()
        if 1 < n_values <= len(obs) // 2:
            warnings.warn(
                f"obs column {column} has {n_values} values: cells of several batches are "
                "explored together, without integration. A Leiden cluster may be a batch "
                "rather than a type; compare the UMAP with that column, or run each alone",
                ScbaselineWarning,
                stacklevel=2,
            )
            return


def _are_whole(values: NDArray[np.floating]) -> bool:
    return bool(np.all(values == np.rint(values)))


def _describe(
    origin: Provenance, counts: Counts, n_counts: float, n_other: int, notes: tuple[str, ...]
) -> DataInfo:
    n_cells, n_genes = counts.shape
    return DataInfo(
        name=origin.name,
        title=origin.title,
        licence=origin.licence,
        citation=origin.citation,
        fingerprint=origin.fingerprint,
        notice=origin.notice,
        embedded=origin.embedded,
        total_key=origin.total_key,
        n_cells=n_cells,
        n_genes=n_genes,
        n_counts=int(n_counts),
        n_other_features=n_other,
        notes=notes,
    )
