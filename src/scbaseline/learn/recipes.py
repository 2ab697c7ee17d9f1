"""The recipes: one literal table; a new one is one file in this folder and one line here.

Torch is imported when a network is built, not when the table is read, so that the
command line can name the recipes at no cost.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Recipe:
    """What one network sees, how it is built, and how long it is trained.

    Attributes
    ----------
    features
        ``"pca"``: the cell's principal components; ``"hvg"``: its scaled genes.
    hidden
        The sizes of the hidden layers.
    max_epochs
        The epochs that it is trained for, at most.
    patience
        Stop when the held-out loss has not improved for so many epochs, and keep the
        best weights; ``None``: train for ``max_epochs`` and keep the last.
    extra_epochs
        Epochs trained past the kept ones for the training curve's sake alone; their
        weights are thrown away.
    """

    name: str
    features: Literal["pca", "hvg"]
    hidden: tuple[int, ...]
    dropout: float
    max_epochs: int
    patience: int | None = None
    extra_epochs: int = 0


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("pca", features="pca", hidden=(64,), dropout=0.0, max_epochs=5),
        Recipe("hvg", features="hvg", hidden=(256, 64), dropout=0.3, max_epochs=5, extra_epochs=25),
        Recipe(
            "hvg-earlystop",
            features="hvg",
            hidden=(256, 64),
            dropout=0.3,
            max_epochs=50,
            patience=5,
        ),
    )
}


def build_network(recipe: Recipe, *, n_inputs: int, n_labels: int) -> "nn.Module":
    """Build a recipe's network with fresh weights, drawn from torch's current generator."""
    from scbaseline.learn.mlp import MLP

    return MLP(n_inputs, recipe.hidden, n_labels, dropout=recipe.dropout)
