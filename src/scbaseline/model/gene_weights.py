"""Validation cells in; each gene's decision weight, and what losing genes costs, out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scbaseline.learn.augment import FAR, as_elsewhere
from scbaseline.model.classifier import Classifier
from scbaseline.model.coverage import measure_gene_loss, score_of_majority


@dataclass(frozen=True, eq=False)
class ValidationCells:
    """Cells that a model was not trained on.

    Attributes
    ----------
    counts_ng
        Raw counts of the model's genes, cells × genes.
    total_n
        Each cell's total count.
    codes_n
        Label codes.
    """

    counts_ng: NDArray[np.floating]
    total_n: NDArray[np.floating]
    codes_n: NDArray[np.int64]


def with_coverage(classifier: Classifier, cells: ValidationCells, *, seed: int) -> Classifier:
    """Return a classifier with each gene's decision weight and its gene-loss curve.

    Where the recipe augments its training cells, these cells are augmented too, each few as
    another laboratory might have measured them: that is what a query with fewer genes comes
    from.

    Parameters
    ----------
    classifier
        What was fitted.
    cells
        Validation cells.
    seed
        Of the augmentation, and of the choices of genes that are taken away.
    """
    counts_ng, total_n = (
        torch.tensor(a, dtype=torch.float32) for a in (cells.counts_ng, cells.total_n)
    )
    how = classifier.card.recipe.augmented()
    if how is not None:
        counts_ng = as_elsewhere(counts_ng, how.without_panels(), np.random.default_rng(seed))
    weight_kg = decision_weights(classifier, counts_ng, total_n)

    def predict(measured_g: NDArray[np.bool_]) -> NDArray[np.int64]:
        measured = torch.from_numpy(measured_g)
        with torch.inference_mode():
            lacking_ng = counts_ng.masked_fill(~measured, torch.nan)
            logits_nk = classifier.network(classifier.front(lacking_ng, total_n))
        codes: NDArray[np.int64] = logits_nk.argmax(dim=1).numpy()
        return codes

    labels = classifier.card.labels
    curve: tuple[dict[str, Any], ...]
    curve = measure_gene_loss(predict, weight_kg.numpy(), cells.codes_n, labels, seed=seed)
    majority_f1 = score_of_majority(cells.codes_n, len(labels))
    return classifier.changed(weight_kg=weight_kg, gene_loss=curve, majority_f1=majority_f1)


def probabilities_of(
    classifier: Classifier, cells: ValidationCells, *, moved_by: int | None = None
) -> NDArray[np.float32]:
    """Return the classifier's probabilities of validation cells, cells × labels.

    Parameters
    ----------
    classifier, cells
        Both.
    moved_by
        A seed: cells are as other laboratories might have measured them, if the recipe's
        training cells were.
    """
    counts_ng, total_n = (
        torch.tensor(a, dtype=torch.float32) for a in (cells.counts_ng, cells.total_n)
    )
    if moved_by is not None and classifier.card.recipe.augmentation:
        counts_ng = as_elsewhere(counts_ng, FAR, np.random.default_rng(moved_by))
    with torch.inference_mode():
        probabilities_nk: NDArray[np.float32] = classifier(counts_ng, total_n).numpy()
    return probabilities_nk


def decision_weights(classifier: Classifier, counts_ng: Tensor, total_n: Tensor) -> Tensor:
    """Return the decision weight of each gene for each label, labels × genes; rows sum to 1.

    It is the mean size of the gradient of the label's logit by the gene's value, as the front
    hands it on, as a share of all genes'.

    Parameters
    ----------
    classifier
        Its front and its network are asked.
    counts_ng, total_n
        Raw counts of some cells, cells × genes, and their totals.
    """
    x_ng = classifier.front(counts_ng, total_n).detach().requires_grad_(True)
    logits_nk = classifier.network(x_ng)
    gradients = [
        torch.autograd.grad(logits_nk[:, k].sum(), x_ng, retain_graph=True)[0]
        for k in range(logits_nk.shape[1])
    ]
    size_kg = torch.stack([gradient.abs().mean(dim=0) for gradient in gradients])
    return size_kg / size_kg.sum(dim=1, keepdim=True).clamp(min=1e-30)
