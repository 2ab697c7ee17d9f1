"""The classifier: one torch module from raw counts to calibrated probabilities, one safe file.

It is a front (raw counts → values), a network (values → logits) and a temperature. All that
was fitted lives in the module's buffers and weights; the file holds them as safetensors, with
a JSON card in its header. No pickle is read or written.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from scbaseline.cells.space import FeatureSpace
from scbaseline.config import Device, RunConfig
from scbaseline.data.formats import chosen_matrix
from scbaseline.data.genes import GeneAlignment, align_genes
from scbaseline.data.options import ReadOptions
from scbaseline.data.stream import CountStream, stream_counts
from scbaseline.learn.device import choose_device
from scbaseline.learn.profile import CountsNetwork
from scbaseline.model.card import ModelCard
from scbaseline.model.coverage import Coverage, assess_coverage
from scbaseline.model.dense import in_full
from scbaseline.model.file import read_model, write_model
from scbaseline.model.front import front_and_network
from scbaseline.model.options import REJECT_KNOWN, SET_LEVEL, PredictOptions
from scbaseline.model.query import predict_query
from scbaseline.model.serve import serve
from scbaseline.model.sets import PredictionSets
from scbaseline.model.shapes import empty_modules
from scbaseline.model.shipped import model_path
from scbaseline.model.unknown import UnknownScore

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
    unknown
        How unlike the training cells a cell is, where the recipe's input is counts.
    sets
        Which labels a cell may have at a chosen coverage.

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
    ['predicted_label', 'probability', 'prediction_set']
    >>> classifier.save("model.safetensors")  # doctest: +SKIP
    >>> sb.Classifier.load("model.safetensors")  # doctest: +SKIP
    """

    temperature: Tensor
    weight_kg: Tensor

    def __init__(
        self,
        card: ModelCard,
        front: nn.Module,
        network: nn.Module,
        *,
        unknown: UnknownScore | None = None,
        sets: PredictionSets | None = None,
    ) -> None:
        super().__init__()
        self.card, self.front, self.network = card, front, network
        self.unknown, self.sets = unknown, sets
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
        card, temperature
            What it is, and what logits are divided by.
        module
            What the recipe learnt: features → logits.
        space
            The feature space that it was trained in, unless it was trained on raw counts.
        """
        on_components = card.recipe.input == "pca"
        classifier = cls(card, *front_and_network(module, space, on_components=on_components))
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
        return in_full(self, counts_ng, total_n, ruler=None)[0]

    @property
    def counts_network(self) -> CountsNetwork:
        """Front and network in one, of a recipe on counts."""
        return CountsNetwork(self.front, self.network)  # type: ignore[arg-type]

    def changed(
        self,
        *,
        weight_kg: Tensor | None = None,
        unknown: UnknownScore | None = None,
        sets: PredictionSets | None = None,
        **card: Any,
    ) -> Self:
        """Return the classifier with some parts, or some entries of its card, replaced."""
        classifier = type(self)(
            replace(self.card, **card), self.front, self.network,
            unknown=unknown or self.unknown, sets=sets or self.sets,
        )  # fmt: skip
        classifier.temperature.copy_(self.temperature)
        classifier.weight_kg.copy_(self.weight_kg if weight_kg is None else weight_kg)
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
        return self.coverage_of(align_genes(self.card.gene_symbols, self.card.gene_ids, var))

    def coverage_of(self, found: GeneAlignment) -> Coverage:
        """Say the same of genes that were looked for already."""
        return assess_coverage(
            found.columns >= 0, self.weight_kg.numpy(), self.card.gene_loss, self.card.labels,
            majority_f1=self.card.majority_f1,
        )  # fmt: skip

    def probabilities(
        self, adata: "AnnData", *, force: bool = False, device: Device = RunConfig.device
    ) -> NDArray[np.float32]:
        """Return probabilities, cells × labels; for Parameters and Raises, see :meth:`predict`."""
        stream = stream_counts(adata, model_genes=self.card.genes)
        blocks = serve(self, stream, force=force, device=device)
        return np.concatenate([block.probability_nk for block in blocks])

    def predict(
        self,
        adata: "AnnData",
        *,
        layer: str | None = None,
        use_raw: bool = False,
        force: bool = False,
        probabilities: bool = False,
        reject_known: float = REJECT_KNOWN,
        set_level: float = SET_LEVEL,
        smooth: bool = False,
        device: Device = RunConfig.device,
    ) -> pd.DataFrame:
        """Return ``predicted_label`` and ``probability`` per cell, indexed by cell id.

        ``prediction_set`` holds the labels that the cell may have, joined by ``|``, the most
        probable first. A recipe on counts adds ``unknown`` (true, false, or missing where only
        the order of the scores may be trusted) and ``unknown_score`` (higher is stranger). A
        cell without any count gets none of these.

        Parameters
        ----------
        adata
            Raw counts, or what they can be recovered from exactly. Genes are found by Ensembl
            id first, by symbol second; those that are missing count as not measured.
        layer, use_raw
            Take the counts from this layer, or from ``raw``, instead of ``X``.
        force
            Predict even where the genes found carry little of the decisions.
        probabilities
            Add a column ``probability_<label>`` per label.
        reject_known, set_level
            The share of known cells that may be called unknown, and that of cells whose
            prediction set is to hold their true label.
        smooth
            Add ``smoothed_label`` and its probability; see :func:`scbaseline.model.smooth.smooth`.
        device
            ``auto``, ``cpu`` or ``cuda``: where cells are predicted.

        Raises
        ------
        InputError
            There are no raw counts where they were looked for, or too few of the model's genes.
        ConfigError
            ``reject_known`` or ``set_level`` is not between 0 and 1; or there is no such device.
        """
        options = PredictOptions(reject_known, set_level, smooth=smooth, device=device)
        choose_device(device)  # a missing GPU is said now, not after the look at all cells
        chosen = chosen_matrix(adata, ReadOptions(layer=layer, use_raw=use_raw))
        stream = stream_counts(chosen, model_genes=self.card.genes)
        stream.warn_of_caveats()
        return predict_query(self, stream, options, force=force, probabilities=probabilities).table

    def predict_stream(
        self,
        stream: CountStream,
        *,
        force: bool = False,
        probabilities: bool = False,
        set_level: float = SET_LEVEL,
        device: Device = RunConfig.device,
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows of :meth:`predict` block by block, for data of any size.

        Where ranks share the stream, they are those of the own cells. All columns are there but
        ``unknown``: :func:`scbaseline.model.doubt.doubt_of` decides it from the whole query.

        Parameters
        ----------
        stream
            As :func:`scbaseline.data.stream.stream_counts` gives it.
        force, probabilities, set_level, device
            As for :meth:`predict`.
        """
        for served in serve(self, stream, force=force, device=device):
            yield served.table(self, stream, probabilities=probabilities, set_level=set_level)

    def save(self, path: str | Path, *, half: bool = False) -> None:
        """Write the classifier to one safetensors file; equal classifiers give equal bytes.

        With ``half``, 16 bits of each weight are kept: probabilities may differ in the fourth
        digit.

        Raises
        ------
        OutputError
            The file cannot be written; an older one at ``path`` is left as it was.
        """
        write_model(path, self.card, self.state_dict(), half=half)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a classifier that :meth:`save` wrote, in any process, on any machine.

        ``path`` may also be the name of a model that comes with the package, such as "pbmc".

        Raises
        ------
        DataNotFoundError
            There is no such file.
        ModelFileError
            It is not a model file, is damaged, or of a format that this version cannot read.
        """
        return read_model(model_path(path), cls._from_tensors)

    @classmethod
    def _from_tensors(cls, card: ModelCard, tensors: dict[str, Tensor]) -> Self:
        parts = empty_modules(card, tensors)
        with torch.device("meta"):
            classifier = cls(
                card, parts.front, parts.network, unknown=parts.unknown, sets=parts.sets
            )
        classifier.load_state_dict(tensors, strict=True, assign=True)
        return classifier
