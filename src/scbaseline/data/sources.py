"""Turns an AnnData into the places that hold counts beside X: layers and raw, the best first."""

import re
from dataclasses import dataclass, field
from typing import Any

from anndata import AnnData

from scbaseline.data.blocks import row_blocks
from scbaseline.data.values import Values, examine_values
from scbaseline.errors import InputError

_USUAL = ("counts", "raw_counts", "raw", "umis", "umi", "matrix", "spliced")
_PARTS = ("ambiguous", "spanning", "unspliced")  # of RNA velocity: each holds some counts only


@dataclass(frozen=True)
class Source:
    """A matrix that holds counts.

    Attributes
    ----------
    layer
        The layer's name; ``None`` for raw.
    n_genes
        Its number of genes.
    is_recovered
        Whether it holds logarithms or the like, of which the counts come back exactly.
    is_fractional
        Whether it seems to hold counts with fractions, as SoupX and alevin give them.
    is_binarised
        Whether no count is above 1.
    total
        Its sum.
    min_genes
        A ``min_genes`` that most cells pass, where the usual one would leave few of them.
    """

    layer: str | None
    n_genes: int
    is_recovered: bool = False
    is_fractional: bool = False
    is_binarised: bool = False
    total: float = field(default=0.0, compare=False)
    min_genes: int | None = field(default=None, compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether it holds raw counts as they are."""
        return not (self.is_recovered or self.is_fractional or self.is_binarised)

    @property
    def name(self) -> str:
        """What Python calls it."""
        return "raw.X" if self.layer is None else f"layers[{self.layer!r}]"

    def __str__(self) -> str:
        what = (
            "values of which the counts come back exactly"
            if self.is_recovered
            else "counts with fractions"
            if self.is_fractional
            else "whole numbers"
        )
        return f"{self.name} holds {what} ({self.n_genes:,} genes)"


def sources_beside_x(adata: AnnData, *, x: Values | None = None) -> tuple[Source, ...]:
    """Return layers and raw that hold counts: those of most genes first, then plain counts.

    Parameters
    ----------
    adata
        Cells × genes, in memory or with matrices on disk.
    x
        What X holds. Where it can be used, sources are left out that are no better: those of
        no more genes, unless they hold raw counts and X does not.
    """
    is_plain = x is not None and x.kind == "counts" and not x.is_binarised
    found = []
    if not is_plain:
        found += [_source(adata.layers[name], name) for name in sorted(adata.layers)]
    if adata.raw is not None and not (is_plain and adata.raw.shape[1] <= adata.n_vars):
        found.append(_source(adata.raw.X, None))
    better = [source for source in found if source and _is_better(source, x, adata.n_vars)]
    return tuple(sorted(better, key=_rank))


def _is_better(source: Source, x: Values | None, n_genes: int) -> bool:
    if x is None or not (x.can_be_used or x.kind == "fractional"):
        return True
    if source.is_fractional:
        return x.kind == "fractional" and source.n_genes > n_genes
    return x.kind == "fractional" or source.n_genes > n_genes or (
        source.n_genes == n_genes and source.is_plain
    )  # fmt: skip


def _source(matrix: Any, layer: str | None) -> Source | None:
    """Look at a matrix; one that cannot be read holds nothing that could be advised."""
    try:
        values = examine_values(row_blocks(matrix))
    except (InputError, OSError, RuntimeError, ValueError):
        return None
    is_fractional = values.kind == "fractional" and values.recovery is None
    if not values.can_be_used and not is_fractional:
        return None
    return Source(
        layer,
        int(matrix.shape[1]),
        is_recovered=values.recovery is not None,
        is_fractional=is_fractional,
        is_binarised=values.is_binarised,
        total=float(values.sums_n.sum()),
        min_genes=values.min_genes,
    )


def _rank(source: Source) -> tuple[bool, int, bool, bool, int, float, str]:
    """Return what sources are sorted by: whole counts, genes, values, names, sums."""
    name = re.sub(r"[\W_]+", "_", (source.layer or "").lower())
    n_usual = len(_USUAL)
    if name in _USUAL:
        rank = _USUAL.index(name)
    elif re.search("count|umi|raw", name):
        rank = n_usual
    elif name in _PARTS:
        rank = n_usual + 3 + _PARTS.index(name)
    else:
        rank = n_usual + (2 if source.layer is None else 1)
    return (
        source.is_fractional, -source.n_genes, source.is_recovered, source.is_binarised, rank,
        -source.total, source.layer or "",
    )  # fmt: skip
