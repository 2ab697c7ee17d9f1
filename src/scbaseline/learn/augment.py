"""Counts of a batch in; counts of the same cells as another laboratory might have measured, out."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

if TYPE_CHECKING:
    from scbaseline.learn.examples import Features

_CELLS_OF_A_GROUP = 16
_BLOCK = 4096  # cells that are dense at a time


@dataclass(frozen=True)
class Augmentation:
    """How far the counts of a batch are moved.

    Attributes
    ----------
    groups
        Groups of cells in a batch; each plays one laboratory, with its own draws.
    min_rate
        The least share of the counts that is kept; the rate is log-uniform from it to 1.
    max_gain
        The largest standard deviation of the genes' log gains; it is uniform from 0.
    panel_share
        The share of the groups that sees a panel of genes only.
    min_panel
        The fewest genes of a panel; their number is log-uniform from it to all genes.
    """

    groups: int = 4
    min_rate: float = 0.2
    max_gain: float = 0.5
    panel_share: float = 0.5
    min_panel: int = 300

    def without_panels(self) -> Self:
        """Return the same, but every cell keeps all of its genes."""
        return replace(self, panel_share=0.0)


FAR = Augmentation(min_rate=0.1, max_gain=1.0)
"""How far prediction sets are to reach: beyond what most laboratories differ by."""


def augment(counts_ng: Tensor, how: Augmentation, rng: np.random.Generator) -> Tensor:
    """Return new counts: fewer of them, each gene stronger or weaker, NaN outside a panel.

    The input is not changed. Cells should stand in random order: adjacent ones make a group.

    Parameters
    ----------
    counts_ng
        Raw counts on the CPU, cells × genes.
    how
        How far they are moved.
    rng
        Draws everything.
    """
    n_genes = counts_ng.shape[1]
    parts = list(counts_ng.tensor_split(how.groups))
    has_panel = rng.permutation(how.groups) < how.panel_share * how.groups
    for i, part_ng in enumerate(parts):
        kept_ng = thin(part_ng, float(np.exp(rng.uniform(np.log(how.min_rate), 0))), rng)
        gain_g = np.exp(rng.normal(0, rng.uniform(0, how.max_gain), n_genes))
        moved_ng = kept_ng * torch.from_numpy(gain_g.astype(np.float32))
        if has_panel[i] and n_genes > how.min_panel:
            size = int(np.exp(rng.uniform(np.log(how.min_panel), np.log(n_genes))))
            moved_ng[:, torch.from_numpy(rng.permutation(n_genes)[size:])] = torch.nan
        parts[i] = moved_ng
    return torch.cat(parts)


def as_elsewhere(
    counts_ng: "NDArray[np.floating] | Tensor", how: Augmentation, rng: np.random.Generator
) -> Tensor:
    """Return cells as many other laboratories might have measured them, in the same order.

    Parameters
    ----------
    counts_ng
        Raw counts, cells × genes.
    how
        How far they are moved; each laboratory measures 16 of the cells.
    rng
        Draws everything.
    """
    counts_ng = torch.as_tensor(counts_ng, dtype=torch.float32)
    order_n = rng.permutation(len(counts_ng))  # adjacent cells make a group
    groups = max(1, -(-len(order_n) // _CELLS_OF_A_GROUP))
    moved_ng = augment(counts_ng[order_n], replace(how, groups=groups), rng)
    return moved_ng[np.argsort(order_n)]


def logits_elsewhere(module: nn.Module, counts_ng: "Features", seed: int) -> NDArray[np.float32]:
    """Return a module's logits of cells as other laboratories might have measured them.

    Parameters
    ----------
    module
        Raw counts → logits.
    counts_ng
        Raw counts of held-out cells.
    seed
        Of all draws.
    """
    rng, parts = np.random.default_rng(seed), []
    if not sparse.issparse(counts_ng):
        raise TypeError("only raw counts can be moved to another laboratory")
    with torch.inference_mode():
        for start in range(0, counts_ng.shape[0], _BLOCK):
            moved_ng = as_elsewhere(counts_ng[start : start + _BLOCK].toarray(), FAR, rng)
            parts.append(module(moved_ng).numpy())
    return np.concatenate(parts)


def thin(counts_ng: Tensor, rate: float, rng: np.random.Generator) -> Tensor:
    """Keep each count with the same probability; NaN stays NaN.

    Of a count that is no whole number, the fraction is multiplied by the rate.

    Parameters
    ----------
    counts_ng
        Raw counts on the CPU, cells × genes.
    rate
        The probability.
    rng
        Draws what is kept.
    """
    thinned_ng = counts_ng.clone()
    positive_ng = thinned_ng > 0
    x = thinned_ng[positive_ng].numpy()
    whole = np.floor(x)
    kept = rng.binomial(whole.astype(np.int64), rate) + rate * (x - whole)
    thinned_ng[positive_ng] = torch.from_numpy(kept.astype(np.float32))
    return thinned_ng
