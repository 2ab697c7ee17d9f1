"""The classifier: one torch module from raw counts to calibrated probabilities, one safe file.

``forward`` is the whole line: counts per ``target_sum`` of the cell's total → log1p →
standardise, clipped → principal components, if the recipe has them → network → temperature.
All that was fitted lives in the module's buffers and weights; the file holds them as
safetensors, with a JSON card in its header. No pickle is read or written.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scbaseline import keys
from scbaseline.cells.space import FeatureSpace
from scbaseline.data.genes import GeneAlignment, align_genes, aligned_counts
from scbaseline.data.stream import CountStream, stream_counts
from scbaseline.learn.recipes import build_network
from scbaseline.learn.sparse import SparseRows, affine
from scbaseline.model.card import ModelCard
from scbaseline.model.coverage import Coverage, assess_coverage, measure_gene_loss, require_coverage
from scbaseline.model.file import read_model, write_model
from scbaseline.model.scale import Scale

if TYPE_CHECKING:
    from anndata import AnnData

_FITTED = (
    "mean_g", "sd_g", "center_g", "components_gc", "temperature", "target_sum", "max_value",
    "weight_kg",
)  # fmt: skip


class Classifier(nn.Module):
    """A trained cell classifier, from raw counts to calibrated probabilities.

    Parameters
    ----------
    card
        What it is; fixes the network's shape.
    network
        The trained network.
    fitted
        What else was learnt from cells, by name: ``mean_g``, ``sd_g``, ``center_g``,
        ``components_gc``, ``temperature``, ``weight_kg`` (see :meth:`with_coverage`), and
        the settings ``target_sum`` and ``max_value``.
    """

    mean_g: Tensor
    weight_kg: Tensor
    sd_g: Tensor
    center_g: Tensor
    components_gc: Tensor
    temperature: Tensor
    target_sum: Tensor
    max_value: Tensor

    def __init__(self, card: ModelCard, network: nn.Module, fitted: dict[str, Tensor]) -> None:
        super().__init__()
        self.card = card
        self.network = network
        for name in _FITTED:
            self.register_buffer(name, fitted[name])
        self.eval()

    @classmethod
    def from_fit(
        cls, card: ModelCard, network: nn.Module, space: FeatureSpace, *, temperature: float
    ) -> Self:
        """Join a trained network and the feature space that it was trained in."""
        # A network on genes needs no components; what is not used is not stored.
        n_comps = space.components_gc.shape[1] if card.recipe.features == "pca" else 0
        values = {
            "mean_g": space.mean_g,
            "sd_g": space.sd_g,
            "center_g": space.center_g,
            "components_gc": space.components_gc[:, :n_comps],
            "temperature": temperature,
            "target_sum": space.target_sum,
            "max_value": space.max_value,
            "weight_kg": np.zeros((len(card.labels), len(space.genes_g))),
        }
        fitted = {
            name: torch.tensor(np.asarray(value), dtype=torch.float32)
            for name, value in values.items()
        }
        return cls(card, network, fitted)

    def forward(self, counts_ng: Tensor, total_n: Tensor) -> Tensor:
        """Return calibrated probabilities, cells × labels.

        Parameters
        ----------
        counts_ng
            Raw counts of the model's genes, in the model's order, cells × genes. NaN where a
            gene was not measured: it then takes its mean over the training cells, where a
            zero would be a measurement that nobody made.
        total_n
            Each cell's total count over all of its genes, not only the model's.
        """
        logits_nk = self.logits(self.scale.dense(counts_ng, total_n))
        return torch.softmax(logits_nk / self.temperature, dim=1)

    @property
    def scale(self) -> Scale:
        """What turns counts into the values that the network sees."""
        return Scale(self.mean_g, self.sd_g, self.center_g, self.target_sum, self.max_value)

    def logits(self, x_ng: Tensor | SparseRows) -> Tensor:
        """Return the network's logits for standardised values, cells × labels."""
        if self.components_gc.shape[1] > 0:
            x_ng = affine(x_ng, self.components_gc, -(self.center_g @ self.components_gc))
        logits_nk: Tensor = self.network(x_ng)
        return logits_nk

    def with_coverage(
        self, counts_ng: Tensor, total_n: Tensor, codes_n: NDArray[np.int64], *, seed: int
    ) -> Self:
        """Return the classifier with each gene's decision weight and its gene-loss curve.

        A gene's weight for a label is the mean size of the gradient of the label's logit by
        the gene's standardised value, as a share of all genes'.

        Parameters
        ----------
        counts_ng, total_n, codes_n
            Validation cells: raw counts of the model's genes, totals, label codes.
        seed
            Of the choices of genes that are taken away.
        """
        x_ng = self.scale.dense(counts_ng, total_n).requires_grad_(True)
        logits_nk = self.logits(x_ng)
        gradients = [
            torch.autograd.grad(logits_nk[:, k].sum(), x_ng, retain_graph=True)[0]
            for k in range(logits_nk.shape[1])
        ]
        size_kg = torch.stack([gradient.abs().mean(dim=0) for gradient in gradients])
        weight_kg = size_kg / size_kg.sum(dim=1, keepdim=True).clamp(min=1e-30)

        def predict(measured_g: NDArray[np.bool_]) -> NDArray[np.int64]:
            measured = torch.from_numpy(measured_g)
            with torch.inference_mode():
                logits_nk = self.logits(torch.where(measured, x_ng, self.center_g))
            codes: NDArray[np.int64] = logits_nk.argmax(dim=1).numpy()
            return codes

        curve = measure_gene_loss(predict, weight_kg.numpy(), codes_n, self.card.labels, seed=seed)
        fitted = {name: getattr(self, name) for name in _FITTED}
        card = replace(self.card, gene_loss=curve)
        return type(self)(card, self.network, fitted | {"weight_kg": weight_kg})

    def coverage(self, var: pd.DataFrame) -> Coverage:
        """Say what a query's genes let this classifier do.

        Parameters
        ----------
        var
            The query's genes: symbols as index, Ensembl ids in ``gene_ids`` where known.

        Raises
        ------
        InputError
            The query has none of the model's genes.
        """
        return self._coverage(align_genes(self.card.gene_symbols, self.card.gene_ids, var))

    def probabilities(self, adata: "AnnData", *, force: bool = False) -> NDArray[np.float32]:
        """Return probabilities for cells that someone else counted, cells × labels.

        For Parameters and Raises, see :meth:`predict`.
        """
        blocks = self._probabilities(stream_counts(adata), force=force)
        return np.concatenate([probabilities_nk for _, probabilities_nk, _ in blocks])

    def predict(
        self, adata: "AnnData", *, force: bool = False, probabilities: bool = False
    ) -> pd.DataFrame:
        """Return ``predicted_label`` and ``probability`` per cell, indexed by cell id.

        A cell without any count gets neither.

        Parameters
        ----------
        adata
            Raw counts in ``X``, or what they can be recovered from exactly. Genes are found
            by Ensembl id first, by symbol second; those that are missing count as not
            measured.
        force
            Predict even where the genes found carry little of the decisions.
        probabilities
            Add a column ``probability_<label>`` per label.

        Raises
        ------
        InputError
            ``X`` does not hold raw counts, or too few of the model's genes.
        """
        stream = stream_counts(adata)
        return pd.concat(self.predict_stream(stream, force=force, probabilities=probabilities))

    def predict_stream(
        self, stream: CountStream, *, force: bool = False, probabilities: bool = False
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows of :meth:`predict` block by block, for data of any size.

        Parameters
        ----------
        stream
            As :func:`scbaseline.data.stream.stream_counts` gives it.
        force, probabilities
            As for :meth:`predict`.
        """
        names = np.asarray(self.card.labels, dtype=object)
        for rows, probabilities_nk, empty_n in self._probabilities(stream, force=force):
            # The profile of a cell without counts is that of no cell.
            probabilities_nk[empty_n] = np.nan
            labels_n = names[np.nan_to_num(probabilities_nk).argmax(axis=1)]
            labels_n[empty_n] = None
            columns = {
                keys.PREDICTED_LABEL: labels_n,
                keys.PROBABILITY: probabilities_nk.max(axis=1),
            }
            if probabilities:
                for label, probability_n in zip(self.card.labels, probabilities_nk.T, strict=True):
                    columns[f"{keys.PROBABILITY}_{label}"] = probability_n
            cell_ids = pd.Index(stream.cell_ids[rows], name=keys.CELL_ID)
            yield pd.DataFrame(columns, index=cell_ids)

    def _coverage(self, found: GeneAlignment) -> Coverage:
        return assess_coverage(
            found.columns >= 0, self.weight_kg.numpy(), self.card.gene_loss, self.card.labels
        )

    def _probabilities(
        self, stream: CountStream, *, force: bool
    ) -> "Iterator[tuple[slice, NDArray[np.float32], NDArray[np.bool_]]]":
        """Yield rows, their probabilities, and which of them have no count at all."""
        found = align_genes(self.card.gene_symbols, self.card.gene_ids, stream.var)
        require_coverage(self._coverage(found), force=force)
        for rows, counts, total_n in stream.blocks():
            with torch.inference_mode():
                x_ng = self.scale.sparse(
                    aligned_counts(counts, found),
                    torch.from_numpy(total_n.astype(np.float32)),
                    missing_g=found.columns < 0,
                )
                logits_nk = self.logits(x_ng)
                probabilities_nk = torch.softmax(logits_nk / self.temperature, dim=1).numpy()
            yield rows, probabilities_nk, np.diff(counts.indptr) == 0

    def save(self, path: str | Path) -> None:
        """Write the classifier to one safetensors file; equal classifiers give equal bytes.

        Raises
        ------
        OutputError
            The file cannot be written; an older one at ``path`` is left as it was.
        """
        write_model(path, self.card, self.state_dict())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a classifier that :meth:`save` wrote, in any process, on any machine.

        Raises
        ------
        DataNotFoundError
            There is no such file.
        ModelFileError
            It is not a model file, is damaged, or of a format that this version cannot read.
        """
        return read_model(path, cls._from_tensors)

    @classmethod
    def _from_tensors(cls, card: ModelCard, tensors: dict[str, Tensor]) -> Self:
        n_genes, n_comps = tensors["components_gc"].shape
        if n_genes != len(card.gene_symbols):
            raise ValueError(
                f"{n_genes} genes in the tensors, {len(card.gene_symbols)} on the card"
            )
        if tensors["weight_kg"].shape != (len(card.labels), n_genes):
            raise ValueError("the decision weights do not fit the labels and genes on the card")
        # On the meta device nothing is allocated, whatever sizes the card claims.
        with torch.device("meta"):
            network = build_network(
                card.recipe,
                n_inputs=n_comps if card.recipe.features == "pca" else n_genes,
                n_labels=len(card.labels),
            )
        classifier = cls(card, network, tensors)
        classifier.load_state_dict(tensors, strict=True, assign=True)
        return classifier
