"""A card and the tensors of a file in; modules of their shapes, not filled yet, out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from scbaseline.learn.profile import CountsNetwork
from scbaseline.model.card import ModelCard
from scbaseline.model.front import OnComponents, StandardisedCounts
from scbaseline.model.sets import PredictionSets
from scbaseline.model.unknown import UnknownScore


@dataclass(frozen=True, eq=False)
class Parts:
    """What a classifier is made of."""

    front: nn.Module
    network: nn.Module
    unknown: UnknownScore | None
    sets: PredictionSets | None


def empty_modules(card: ModelCard, tensors: dict[str, Tensor]) -> Parts:
    """Return a classifier's parts on the meta device.

    Nothing is allocated there, whatever sizes the card claims.

    Parameters
    ----------
    card, tensors
        As they stand in the file.

    Raises
    ------
    ValueError, KeyError
        Card and tensors do not fit each other.
    """
    n_genes, n_labels = tensors["front.mean_g"].shape[0], len(card.labels)
    if n_genes != len(card.gene_symbols):
        raise ValueError(f"{n_genes} genes in the tensors, {len(card.gene_symbols)} on the card")
    if tensors["weight_kg"].shape != (n_labels, n_genes):
        raise ValueError("the decision weights do not fit the labels and genes on the card")
    with torch.device("meta"):
        sets = PredictionSets(n_labels) if "sets.n_k" in tensors else None
        if card.recipe.input == "pca":
            n_comps = tensors["network.offset_c"].shape[0]
            inner = card.recipe.build(n_inputs=n_comps, n_labels=n_labels)
            module: nn.Module = OnComponents(inner, n_genes=n_genes, n_comps=n_comps)
        else:
            module = card.recipe.build(n_inputs=n_genes, n_labels=n_labels)
        if not isinstance(module, CountsNetwork):
            return Parts(StandardisedCounts(n_genes), module, None, sets)
        unknown = None
        if "unknown.axes_gc" in tensors:
            n_comps = tensors["unknown.axes_gc"].shape[1]
            unknown = UnknownScore(n_genes, n_labels, n_comps)
        return Parts(module.front, module.network, unknown, sets)
