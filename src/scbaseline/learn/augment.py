"""Counts of a batch in; counts of the same cells as another laboratory might have measured, out."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor


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

    def of_whole_cells(self, *, groups: int) -> Self:
        """Return the same without panels, for another number of groups."""
        return replace(self, groups=groups, panel_share=0.0)


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
