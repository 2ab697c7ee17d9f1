"""The classifier: one torch module from raw counts to calibrated probabilities, one safe file.

It is a front (raw counts → values), a network (values → logits) and a temperature. All that
was fitted lives in the module's buffers and weights; the file holds them as safetensors, with
a JSON card in its header. No pickle is read or written.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scbaseline import keys
from scbaseline.cells.space import FeatureSpace
from scbaseline.data.formats import chosen_matrix
from scbaseline.data.genes import GeneAlignment, align_genes, aligned_counts
from scbaseline.data.options import ReadOptions
from scbaseline.data.stream import CountStream, stream_counts
from scbaseline.learn.profile import CountsNetwork
from scbaseline.model.card import ModelCard
from scbaseline.model.coverage import Coverage, assess_coverage, require_coverage
from scbaseline.model.file import read_model, write_model
from scbaseline.model.front import Front, OnComponents, StandardisedCounts

if TYPE_CHECKING:
    from anndata import AnnData


class Classifier(nn.Module):
    """A trained cell classifier, from raw counts to calibrated probabilities.

    Parameters
    ----------
    card
        What it is; it fixes the numbers of labels and genes.
    front
        Raw counts and totals → values; see :class:`~scbaseline.model.front.Front`.
    network
        Values → logits.

    Attributes
    ----------
    temperature
        What logits are divided by.
    weight_kg
        Decision weight of each gene, labels × genes; see :mod:`scbaseline.model.gene_weights`.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> classifier = sb.train(adata, **settings).classifier
    >>> classifier.predict(adata).columns.tolist()
    ['predicted_label', 'probability']
    >>> classifier.save("model.safetensors")  # doctest: +SKIP
    >>> sb.Classifier.load("model.safetensors")  # doctest: +SKIP
    """

    temperature: Tensor
    weight_kg: Tensor

    def __init__(self, card: ModelCard, front: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.card, self.front, self.network = card, front, network
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("weight_kg", torch.zeros(len(card.labels), len(card.gene_symbols)))
        self.eval()

    @classmethod
    def from_fit(
        cls, card: ModelCard, module: nn.Module, space: FeatureSpace, *, temperature: float
    ) -> Self:
        """Join what was fitted.

        Parameters
        ----------
        card
            What it is.
        module
            What the recipe learnt: features → logits.
        space
            The feature space that it was trained in, unless it was trained on raw counts.
        temperature
            What logits are divided by.
        """
        if isinstance(module, CountsNetwork):
            classifier = cls(card, module.front, module.network)
        else:
            on_components = card.recipe.input == "pca"
            network = OnComponents.from_space(module, space) if on_components else module
            classifier = cls(card, StandardisedCounts.from_space(space), network)
        classifier.temperature.fill_(temperature)
        return classifier

    def __repr__(self) -> str:
        return f"Classifier with {self.card!r}"

    def forward(self, counts_ng: Tensor, total_n: Tensor) -> Tensor:
        """Return calibrated probabilities, cells × labels.

        Parameters
        ----------
        counts_ng
            Raw counts of the model's genes, in the model's order, cells × genes. NaN where a
            gene was not measured: a zero would be a measurement that nobody made.
        total_n
            Each cell's total count over all of its genes, not only the model's. A recipe on
            centred profiles does not look at it.
        """
        logits_nk = self.network(self.front(counts_ng, total_n))
        return torch.softmax(logits_nk / self.temperature, dim=1)

    def with_coverage(
        self,
        weight_kg: Tensor,
        gene_loss: tuple[dict[str, Any], ...],
        majority_f1: float,
    ) -> Self:
        """Return the classifier with what is known of missing genes.

        Parameters
        ----------
        weight_kg, gene_loss, majority_f1
            As :func:`scbaseline.model.gene_weights.measure_coverage` gives them.
        """
        card = replace(self.card, gene_loss=gene_loss, majority_f1=majority_f1)
        classifier = type(self)(card, self.front, self.network)
        classifier.temperature.copy_(self.temperature)
        classifier.weight_kg.copy_(weight_kg)
        return classifier

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
        self,
        adata: "AnnData",
        *,
        layer: str | None = None,
        use_raw: bool = False,
        force: bool = False,
        probabilities: bool = False,
    ) -> pd.DataFrame:
        """Return ``predicted_label`` and ``probability`` per cell, indexed by cell id.

        A cell without any count gets neither.

        Parameters
        ----------
        adata
            Raw counts, or what they can be recovered from exactly. Genes are found by Ensembl
            id first, by symbol second; those that are missing count as not measured.
        layer
            Take the counts from this layer instead of ``X``.
        use_raw
            Take the counts from ``raw`` instead of ``X``.
        force
            Predict even where the genes found carry little of the decisions.
        probabilities
            Add a column ``probability_<label>`` per label.

        Raises
        ------
        InputError
            There are no raw counts where they were looked for, or too few of the model's genes.
        """
        stream = stream_counts(chosen_matrix(adata, ReadOptions(layer=layer, use_raw=use_raw)))
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
            highest_n = probabilities_nk.max(axis=1)
            columns = {keys.PREDICTED_LABEL: labels_n, keys.PROBABILITY: highest_n}
            if probabilities:
                for label, probability_n in zip(self.card.labels, probabilities_nk.T, strict=True):
                    columns[f"{keys.PROBABILITY}_{label}"] = probability_n
            cell_ids = pd.Index(stream.cell_ids[rows], name=keys.CELL_ID)
            yield pd.DataFrame(columns, index=cell_ids)

    def _coverage(self, found: GeneAlignment) -> Coverage:
        return assess_coverage(
            found.columns >= 0,
            self.weight_kg.numpy(),
            self.card.gene_loss,
            self.card.labels,
            majority_f1=self.card.majority_f1,
        )

    def _probabilities(
        self, stream: CountStream, *, force: bool
    ) -> "Iterator[tuple[slice, NDArray[np.float32], NDArray[np.bool_]]]":
        """Yield rows, their probabilities, and which of them have no count at all."""
        found = align_genes(self.card.gene_symbols, self.card.gene_ids, stream.var)
        found.warn_of_stripped()
        require_coverage(self._coverage(found), force=force)
        for rows, counts, total_n in stream.blocks():
            with torch.inference_mode():
                x_ng = cast("Front", self.front).sparse(
                    aligned_counts(counts, found),
                    torch.from_numpy(total_n.astype(np.float32)),
                    missing_g=found.columns < 0,
                )
                logits_nk = self.network(x_ng)
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
        n_genes, n_labels = tensors["front.mean_g"].shape[0], len(card.labels)
        if n_genes != len(card.gene_symbols):
            raise ValueError(
                f"{n_genes} genes in the tensors, {len(card.gene_symbols)} on the card"
            )
        if tensors["weight_kg"].shape != (n_labels, n_genes):
            raise ValueError("the decision weights do not fit the labels and genes on the card")
        # On the meta device nothing is allocated, whatever sizes the card claims.
        with torch.device("meta"):
            if card.recipe.input == "pca":
                n_comps = tensors["network.offset_c"].shape[0]
                inner = card.recipe.build(n_inputs=n_comps, n_labels=n_labels)
                module: nn.Module = OnComponents(inner, n_genes=n_genes, n_comps=n_comps)
            else:
                module = card.recipe.build(n_inputs=n_genes, n_labels=n_labels)
            if isinstance(module, CountsNetwork):
                classifier = cls(card, module.front, module.network)
            else:
                classifier = cls(card, StandardisedCounts(n_genes), module)
        classifier.load_state_dict(tensors, strict=True, assign=True)
        return classifier
