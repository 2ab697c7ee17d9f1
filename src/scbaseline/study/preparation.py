"""An input and settings in; kept cells, their counts, given labels and groups out."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.cells.qc import FilteredCells, filter_cells
from scbaseline.cells.thinning import Counts
from scbaseline.config import RunConfig
from scbaseline.data.check import check_counts
from scbaseline.data.info import DataInfo
from scbaseline.data.provenance import provenance_of
from scbaseline.errors import ConfigError, ScbaselineWarning
from scbaseline.stages import Stage
from scbaseline.study.labels import (
    Groups,
    Labels,
    check_label_key,
    groups_from_column,
    labels_from_column,
)
from scbaseline.study.protocols import PROTOCOLS, SAME_COUNTS

if TYPE_CHECKING:
    from anndata import AnnData

# How people call the column that tells one donor, sample or batch from another.
_BATCH_COLUMNS = frozenset(
    [
        "batch", "batch_id", "donor", "donor_id", "sample", "sample_id", "patient", "patient_id",
        "individual", "subject", "library", "library_id", "channel", "orig.ident",
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """What every command starts from.

    Attributes
    ----------
    data
        What the counts are.
    cells
        The cells that passed quality control.
    counts
        Their counts and totals.
    labels
        The given labels; ``None`` where clusters are to be the labels.
    groups
        The donor or batch of each kept cell, where a column was named.
    whole_numbers
        Whether every count is a whole number, which thinning needs.
    """

    data: DataInfo
    cells: FilteredCells
    counts: Counts
    labels: Labels | None
    groups: Groups | None
    whole_numbers: bool


def prepare(adata: "AnnData", config: RunConfig, stage: Stage) -> Prepared:
    """Check the counts, keep the cells worth keeping, and read given labels and groups.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``. It is not changed.
    config
        The settings.
    stage
        Opens a named stage around each step.

    Raises
    ------
    InputError
        The counts, labels or groups cannot be used; the message says why and what to do.
    ConfigError
        A setting cannot work on this machine.
    """
    if config.device == "cuda":  # a missing GPU is said now, not after the slow steps
        from scbaseline.learn.loop import choose_device

        choose_device(config.device)
    with stage("check"):
        checked = check_counts(adata, total_key=config.total_key)
        check_label_key(adata.obs, config)  # before quality control can say anything else
        if config.group_key is not None:
            groups_from_column(adata.obs, config)
    with stage("quality control"):
        cells = filter_cells(checked, config)
    # From the input's own obs: quality control has written into the other.
    obs = adata.obs[cells.metrics["kept"].to_numpy()]
    return Prepared(
        data=_describe(checked),
        cells=cells,
        counts=counts_of(cells.adata),
        labels=None if config.label_key is None else labels_from_column(obs, config),
        groups=None if config.group_key is None else groups_from_column(obs, config),
        whole_numbers=bool(np.all(cells.adata.X.data == np.rint(cells.adata.X.data))),
    )


def require_one_model(config: RunConfig) -> None:
    """Refuse settings that are not those of one classifier for use.

    Raises
    ------
    ConfigError
        No label key, not exactly one recipe, or groups to judge on whose counts the labels
        were made from.
    """
    if config.label_key is None:
        raise ConfigError("label_key: none was given; name the column of obs to learn")
    if len(config.recipe) != 1:
        raise ConfigError(f"recipe: {len(config.recipe)} were given; a model is of one")
    if config.group_key is not None and config.label_origin == SAME_COUNTS:
        why = PROTOCOLS["group"].why_not("given", SAME_COUNTS, group_key=config.group_key)
        raise ConfigError(f"group_key {config.group_key}: {why}, or leave --group-key out")


def counts_of(adata: "AnnData") -> Counts:
    """Return the counts and totals of checked cells.

    Parameters
    ----------
    adata
        As :func:`scbaseline.check_counts` or :func:`scbaseline.filter_cells` gives it.
    """
    return Counts(adata.X, adata.obs[keys.TOTAL_COUNTS].to_numpy(np.float64))


def warn_of_batches(obs: pd.DataFrame, config: RunConfig) -> None:
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


def _describe(adata: "AnnData") -> DataInfo:
    origin = provenance_of(adata)  # brought up to date by check_counts
    return DataInfo(
        name=origin.name,
        title=origin.title,
        licence=origin.licence,
        citation=origin.citation,
        fingerprint=origin.fingerprint,
        notice=origin.notice,
        embedded=origin.embedded,
        total_key=origin.total_key,
        n_cells=adata.n_obs,
        n_genes=adata.n_vars,
        n_counts=int(adata.X.sum(dtype=np.float64)),
        n_other_features=origin.n_other_features,
        notes=origin.notes,
    )
