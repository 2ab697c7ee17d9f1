"""Cells, their columns and some genes in; what the page's picture of them needs, out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline import keys
from scbaseline.cells.dots import dots_of, top_genes
from scbaseline.cells.label_genes import LabelSums, sum_by_label
from scbaseline.colours import contrasted, look
from scbaseline.counts import Counts
from scbaseline.errors import InputError, did_you_mean
from scbaseline.randomness import Stream, generator
from scbaseline.report.html.blocks import CellMap, Chart
from scbaseline.report.html.packing import (
    Packed,
    packed,
    packed_codes,
    packed_numbers,
    packed_texts,
)
from scbaseline.scale import log_normalise

MOST_CELLS = 100_000
"""Of more cells, a page shows a sample of so many."""

_MOST_CATEGORIES = 500  # a column with more is no label
_MOST_GENES, _N_TOP, _N_DOTS = 90, 5, 3

_TITLES = {
    keys.LEIDEN: "cluster",
    "cluster_name": "cluster name",
    keys.PREDICTED_LABEL: "predicted label",
    keys.PROBABILITY: "probability of the predicted label",
    keys.MAJORITY_LABEL: "majority-vote label of the cluster",
    keys.MAJORITY_SHARE: "share of the majority-vote label",
    "unknown": "unknown",
    "unknown_score": "unknown score",
    keys.TOTAL_COUNTS: "total counts",
    keys.N_GENES: "genes detected",
    keys.PCT_MT: "% mitochondrial counts",
}
_QUALITY = (keys.TOTAL_COUNTS, keys.N_GENES, keys.PCT_MT)


@dataclass(frozen=True, eq=False)
class LaidOut:
    """Cells in the plane, with what a page says of them.

    Attributes
    ----------
    xy_n2
        Coordinates of each cell.
    obs
        What is known of each cell: the columns that the cells can be coloured by.
    counts
        Their raw counts over all genes.
    genes
        The genes' names.
    target_sum
        Total count that each cell is scaled to, before log1p.
    group
        The column whose groups get markers and a dot plot.
    n_all
        The number of cells that there are, of which these may be a sample.
    """

    xy_n2: NDArray[np.float32]
    obs: pd.DataFrame
    counts: Counts
    genes: pd.Index
    target_sum: float
    group: str
    n_all: int


def require_genes(wanted: Iterable[str], genes: pd.Index) -> None:
    """Refuse a gene for the page that the data do not have.

    Raises
    ------
    InputError
        It names the gene, and those that are called alike.
    """
    for name in wanted:
        if name not in genes:
            raise InputError(
                f"--report-genes {name}: the data have no such gene. {did_you_mean(name, genes)}"
            )


def cell_map(
    cells: LaidOut, *, model_genes: Sequence[str] = (), wanted: Sequence[str] = ()
) -> tuple[CellMap, Chart | None, dict[str, tuple[str, ...]]]:
    """Return the picture of the cells, and of each group a dot plot and the top markers.

    Parameters
    ----------
    cells
        What to show; of more than :data:`MOST_CELLS`, a sample of so many.
    model_genes
        Genes that weigh most in a model, the first the most.
    wanted
        Genes that the user asked for.
    """
    codes_n, names, _ = _categories(cells.obs[cells.group])
    sums, tops = _markers(cells, codes_n)
    chosen = _chosen(cells, tops, names, model_genes, wanted)
    n_cells = len(cells.xy_n2)
    rows_n = np.arange(n_cells)
    if n_cells > MOST_CELLS:
        rng = generator(0, Stream.SHOWN)
        rows_n = np.sort(rng.choice(n_cells, MOST_CELLS, replace=False))
    content = {
        "n": len(rows_n),
        "x": packed(cells.xy_n2[rows_n, 0]),
        "y": packed(cells.xy_n2[rows_n, 1]),
        "ids": packed_texts(list(map(str, cells.obs.index[rows_n]))),
        "columns": _columns(cells.obs.iloc[rows_n], cells.xy_n2[rows_n], group=cells.group),
        "genes": _packed_genes(cells, rows_n, chosen),
        "start": cells.group,
    }
    note = f"{cells.n_all:,} cells."
    if len(rows_n) < cells.n_all:
        note = f"A random sample of {len(rows_n):,} of {cells.n_all:,} cells is shown."
    shown = tuple((name, why) for name, why in chosen.items())
    markers = {name: tuple(cells.genes[top]) for name, top in zip(names, tops, strict=True)}
    return CellMap(note, shown, content), _dot_plot(cells, sums, tops, names), markers


def title_of_group(group: str) -> str:
    """Return what each group of a column is: ``cluster``, ``predicted label``."""
    return _TITLES.get(group, group.replace("_", " ")).removesuffix(" name")


def _markers(
    cells: LaidOut, codes_n: NDArray[np.int64]
) -> tuple[LabelSums, tuple[NDArray[np.int64], ...]]:
    labelled_n = codes_n >= 0
    sums = sum_by_label(
        cells.counts.rows(labelled_n), codes_n[labelled_n], target_sum=cells.target_sum
    )
    return sums, top_genes(sums, n_top=_N_TOP)


def _chosen(
    cells: LaidOut,
    tops: tuple[NDArray[np.int64], ...],
    names: list[str],
    model_genes: Sequence[str],
    wanted: Sequence[str],
) -> dict[str, str]:
    """Return gene → why the page carries it: asked for, a marker, or of weight in the model."""
    require_genes(wanted, cells.genes)
    chosen = dict.fromkeys(wanted, "asked for")
    for rank in range(_N_TOP):
        for name, top in zip(names, tops, strict=True):
            if rank < len(top) and len(chosen) < _MOST_GENES + len(wanted):
                chosen.setdefault(str(cells.genes[top[rank]]), f"marker of {name}")
    for gene in model_genes:
        if gene in cells.genes and len(chosen) < _MOST_GENES + len(wanted):
            chosen.setdefault(gene, "of weight in the model")
    return chosen


def _packed_genes(
    cells: LaidOut, rows_n: NDArray[np.int64], chosen: Mapping[str, str]
) -> list[dict[str, Any]]:
    if not chosen:
        return []
    genes_d = np.array([cells.genes.get_loc(name) for name in chosen], dtype=np.int64)
    blocks = cells.counts.rows(rows_n).blocks(genes_d)
    values_nd = np.concatenate(
        [
            log_normalise(counts_ng, total_n, target_sum=cells.target_sum)
            .toarray()
            .astype(np.float32)
            for counts_ng, total_n in blocks
        ]
    )
    return [
        {"name": name, "why": why, "values": packed_numbers(values_n, bits=8)}
        for (name, why), values_n in zip(chosen.items(), values_nd.T, strict=True)
    ]


def _columns(obs: pd.DataFrame, xy_n2: NDArray[np.floating], *, group: str) -> list[dict[str, Any]]:
    columns = []
    for name in sorted(obs, key=lambda name: name != group):  # the group's first
        column = _column(obs[name], xy_n2)
        if column is not None:
            place = "Quality control" if name in _QUALITY else "Labels and predictions"
            title = _TITLES.get(name, str(name).replace("_", " "))
            columns.append({"name": str(name), "title": title, "place": place, **column})
    return columns


def _column(values: "pd.Series[Any]", xy_n2: NDArray[np.floating]) -> dict[str, Any] | None:
    """Return a column of categories or of numbers; ``None`` for one of neither kind."""
    is_number = pd.api.types.is_numeric_dtype(values.dtype)
    if is_number and not pd.api.types.is_bool_dtype(values.dtype):
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        if not np.isfinite(numbers).any():
            return None
        packed_values: Packed = packed_numbers(numbers)
        return {"kind": "number", "values": packed_values}
    codes_n, names, n_cells = _categories(values)
    if not names or len(names) > _MOST_CATEGORIES:
        return None
    return {
        "kind": "category",
        "values": packed_codes(codes_n),
        "names": names,
        "n_cells": n_cells,
        "colours": [look(number)[0] for number in contrasted(xy_n2, codes_n, len(names))],
    }


def _categories(values: "pd.Series[Any]") -> tuple[NDArray[np.int64], list[str], list[int]]:
    """Return a code per cell, the categories' names in their order, and their sizes."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object).where(values.notna(), None).astype("category")
    values = values.cat.remove_unused_categories()
    codes_n = values.cat.codes.to_numpy(np.int64)
    names = [str(name) for name in values.cat.categories]
    return codes_n, names, np.bincount(codes_n[codes_n >= 0], minlength=len(names)).tolist()


def _dot_plot(
    cells: LaidOut,
    sums: LabelSums,
    tops: tuple[NDArray[np.int64], ...],
    names: list[str],
) -> Chart | None:
    genes_d = np.array(
        list(dict.fromkeys(int(g) for top in tops for g in top[:_N_DOTS])), dtype=np.int64
    )
    if not len(genes_d):
        return None
    dots = dots_of(sums, genes_d)
    title = title_of_group(cells.group)
    return Chart(
        "dots",
        f"Top markers of each {title}",
        f"{_N_DOTS} genes per {title}: those with the largest standardised difference from all "
        "other cells. A dot's size is the share of cells in which the gene is detected. Its colour "
        "is the mean of log1p expression, from 0 (dark) to the gene's largest mean (yellow). The "
        "genes were chosen on these same cells, so this is a description, not a test.",
        {
            "rows": names,
            "columns": [str(name) for name in cells.genes[genes_d]],
            "share": np.round(dots.share_kd, 3).tolist(),
            "mean": np.round(dots.mean_kd, 3).tolist(),
        },
    )
