"""Turns an AnnData into the places that hold counts beside X: layers and raw, the best first."""

from dataclasses import dataclass
from typing import Any

from anndata import AnnData

from scbaseline.data.blocks import row_blocks
from scbaseline.data.values import examine_values
from scbaseline.errors import InputError

_USUAL = ("counts", "raw_counts", "raw", "umis")


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
    """

    layer: str | None
    n_genes: int
    is_recovered: bool = False

    @property
    def name(self) -> str:
        """What Python calls it."""
        return "raw.X" if self.layer is None else f"layers[{self.layer!r}]"

    def __str__(self) -> str:
        what = "values of which the counts come back exactly" if self.is_recovered else (
            "whole numbers"
        )  # fmt: skip
        return f"{self.name} holds {what} ({self.n_genes:,} genes)"


def sources_beside_x(adata: AnnData, *, more_than: int = 0) -> tuple[Source, ...]:
    """Return layers and raw that hold counts: those of most genes first, then plain counts.

    Parameters
    ----------
    adata
        Cells × genes, in memory or with matrices on disk.
    more_than
        Leave out those that have no more genes than this.
    """
    found = []
    if adata.n_vars > more_than:
        found += [_source(adata.layers[name], name) for name in sorted(adata.layers)]
    if adata.raw is not None and adata.raw.shape[1] > more_than:
        found.append(_source(adata.raw.X, None))
    return tuple(sorted((source for source in found if source is not None), key=_rank))


def _source(matrix: Any, layer: str | None) -> Source | None:
    try:
        values = examine_values(row_blocks(matrix))
    except InputError:
        return None
    if values.kind == "counts":
        return Source(layer, int(matrix.shape[1]))
    if values.recovery is not None:
        return Source(layer, int(matrix.shape[1]), is_recovered=True)
    return None


def _rank(source: Source) -> tuple[int, bool, int, str]:
    usual = _USUAL.index(source.layer) if source.layer in _USUAL else len(_USUAL)
    return (
        -source.n_genes,
        source.is_recovered,
        usual + (source.layer is None),
        source.layer or "",
    )
