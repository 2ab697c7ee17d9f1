"""Labels: a column of obs, or Leiden clusters, in; one code per cell out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from scbaseline.config import RunConfig
from scbaseline.errors import InputError, did_you_mean
from scbaseline.study.protocols import CLUSTERS, SAME_COUNTS

# What people write where a cell has no label.
_MISSING = frozenset({"", "nan", "none", "na", "n/a", "<na>", "null"})


@dataclass(frozen=True, eq=False)
class Labels:
    """The label of each cell, and what was left out.

    Attributes
    ----------
    codes_n
        Index into ``names`` per cell; −1 where the cell has no label that counts.
    names
        The k labels, in natural order.
    source
        ``"clusters"`` or ``"given:<column>"``.
    origin
        ``"same-counts"``: made from these counts; ``"independent"``; ``"unknown"``.
    n_unlabelled
        Cells without a label.
    rare
        Label → number of its cells, for labels with too few to train and test on.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> sb.labels_from_column(adata.obs, sb.RunConfig(label_key="bulk_labels")).n_unlabelled
    0
    """

    codes_n: NDArray[np.int64]
    names: tuple[str, ...]
    source: str
    origin: str
    n_unlabelled: int
    rare: dict[str, int]


@dataclass(frozen=True, eq=False)
class Groups:
    """The donor or batch of each cell.

    Attributes
    ----------
    codes_n
        Index into ``names`` per cell; −1 where none is named.
    names
        The groups, in natural order.
    key
        The column of obs.
    """

    codes_n: NDArray[np.int64]
    names: tuple[str, ...]
    key: str


def labels_from_clusters(clusters_n: ArrayLike, config: RunConfig) -> Labels:
    """Take Leiden clusters as labels; they are made from the same counts as the features.

    Parameters
    ----------
    clusters_n
        The cluster of each cell.
    config
        ``min_cells_per_label``.

    Raises
    ------
    InputError
        Fewer than two clusters are large enough.

    Examples
    --------
    >>> import scbaseline as sb
    >>> labels = sb.labels_from_clusters(["0"] * 5 + ["1"] * 6 + ["2"], sb.RunConfig())
    >>> labels.names, labels.rare
    (('0', '1'), {'2': 1})
    """
    texts = pd.Series(np.asarray(clusters_n, dtype=str))
    return _encode(texts, CLUSTERS, SAME_COUNTS, config)


def labels_from_column(obs: pd.DataFrame, config: RunConfig) -> Labels:
    """Take the column ``config.label_key`` of ``obs`` as labels.

    Parameters
    ----------
    obs
        Annotations, one row per cell.
    config
        ``label_key``, ``min_cells_per_label``.

    Raises
    ------
    InputError
        No such column; a column of continuous numbers; fewer than two labels with enough
        cells.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> labels = sb.labels_from_column(adata.obs, sb.RunConfig(label_key="bulk_labels"))
    >>> labels.source, len(labels.names)
    ('given:bulk_labels', 10)
    """
    check_label_key(obs, config)
    label_key = config.label_key
    source = f"given:{label_key}"
    return _encode(label_texts(obs[label_key]), source, config.label_origin, config)


def groups_from_column(obs: pd.DataFrame, config: RunConfig) -> Groups:
    """Take the column ``config.group_key`` of ``obs`` as each cell's donor or batch.

    Parameters
    ----------
    obs
        Annotations, one row per cell.
    config
        ``group_key``.

    Raises
    ------
    InputError
        No such column, or a column of continuous numbers.
    """
    key = str(config.group_key)
    if key == config.label_key:
        raise InputError(
            f"--group-key {key}: is the label itself, which no unseen group could be told by; "
            "name the column of donors, samples or batches"
        )
    texts = samples_from_column(obs, key)
    names = tuple(sorted(set(texts.dropna()), key=_natural))
    code_of = {name: code for code, name in enumerate(names)}
    codes_n = np.array([code_of.get(text, -1) for text in texts], dtype=np.int64)
    return Groups(codes_n, names, key)


def samples_from_column(obs: pd.DataFrame, key: str) -> "pd.Series[str]":
    """Return a column of donors, batches or samples as texts.

    Parameters
    ----------
    obs, key
        Annotations, one row per cell, and the column's name.

    Raises
    ------
    InputError
        No such column, or a column of continuous numbers.
    """
    _check_key(obs, key, "--group-key")
    return label_texts(obs[key], option="--group-key")


def label_texts(values: "pd.Series[str]", *, option: str = "--label-key") -> "pd.Series[str]":
    """Return the labels of a column as texts, missing where people write that there is none.

    Parameters
    ----------
    values
        A column of obs.
    option
        The flag that named it, for the error.

    Raises
    ------
    InputError
        The column holds continuous numbers.
    """
    if pd.api.types.is_float_dtype(values.dtype):
        given = values.dropna()
        if (given != given.round()).any():
            raise InputError(
                f"{option} {values.name}: the column holds continuous numbers "
                f"(first: {given.iloc[0]:g}); labels are names or whole numbers"
            )
        # A whole number reads as 3, not as 3.0, in every table that follows.
        values = values.astype("Int64")
    texts = values.astype("string").str.strip()
    return (
        texts.mask(texts.str.lower().isin(_MISSING)).astype(object).where(lambda t: t.notna(), None)
    )


def check_label_key(obs: pd.DataFrame, config: RunConfig) -> None:
    """Refuse a label column that is not there.

    Raises
    ------
    InputError
        ``config.label_key`` is set, and no column has this name.
    """
    if config.label_key is not None:
        _check_key(obs, config.label_key, "--label-key")


def _check_key(obs: pd.DataFrame, key: str, option: str) -> None:
    if key not in obs.columns:
        raise InputError(
            f"{option} {key}: obs has no such column. {did_you_mean(key, obs.columns)}"
        )


def _encode(values: "pd.Series[str]", source: str, origin: str, config: RunConfig) -> Labels:
    missing = values.isna().to_numpy(dtype=bool)
    texts = values.where(~missing, "").to_numpy(dtype=str)
    names, n_cells = np.unique(texts[~missing], return_counts=True)
    enough = n_cells >= config.min_cells_per_label
    kept = sorted(names[enough].tolist(), key=_natural)
    rare = {str(name): int(n) for name, n in zip(names[~enough], n_cells[~enough], strict=True)}
    if len(kept) < 2:
        raise InputError(_too_few(names.tolist(), n_cells.tolist(), source, config))
    code_of = {name: code for code, name in enumerate(kept)}
    codes_n = np.array(
        [-1 if none else code_of.get(text, -1) for text, none in zip(texts, missing, strict=True)],
        dtype=np.int64,
    )
    n_unlabelled = int(missing.sum())
    return Labels(codes_n, tuple(kept), source, origin, n_unlabelled=n_unlabelled, rare=rare)


def _too_few(names: list[str], n_cells: list[int], source: str, config: RunConfig) -> str:
    largest = sorted(zip(n_cells, names, strict=True), reverse=True)[:5]
    seen = ", ".join(f"{name} ({n:,} cells)" for n, name in largest) or "no label at all"
    if source != CLUSTERS:
        what, mend = f"--label-key {config.label_key}", "name another --label-key"
    elif len(names) < 2:
        what, mend = "Leiden", "raise --resolution"
    else:
        what, mend = "Leiden", "lower --resolution, or --min-cells-per-label"
    return (
        f"{what}: {len(names)} labels, of which two need at least {config.min_cells_per_label} "
        f"cells each to be told apart; the largest: {seen}; {mend}"
    )


def _natural(name: str) -> tuple[int, int, str]:
    """Sort whole numbers by value and before words, so that cluster 10 follows 9."""
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)


def learnt_codes(labels: Labels, train: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the label codes that training cells carry.

    Raises
    ------
    InputError
        They are fewer than two.
    """
    learnt = np.unique(labels.codes_n[train])
    if len(learnt) < 2:
        seen = ", ".join(labels.names[code] for code in learnt) or "none"
        raise InputError(
            f"the training cells carry {len(learnt)} label ({seen}); two are needed to tell "
            "them apart; where groups are held out, each label should be in several groups"
        )
    return learnt


def nothing_to_watch(
    labels: Labels, train: NDArray[np.int64], watched: NDArray[np.int64], part: str
) -> str:
    """Say that no cell of the part that stops the training has a label that could be learnt."""
    of_train, of_watched = (
        ", ".join(labels.names[code] for code in np.unique(labels.codes_n[rows])) or "none"
        for rows in (train, watched)
    )
    return (
        f"no {part} cell carries a label that a training cell has: {part} cells carry "
        f"{of_watched}, training cells {of_train}; pass more cells of each label, leave rare "
        f"labels out with a larger --min-cells-per-label, or raise --{part}-fraction"
    )
