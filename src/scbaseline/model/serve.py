"""A classifier and counts in blocks in; what it says of each block's cells out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from scbaseline import keys
from scbaseline.cells.space import FeatureSpace
from scbaseline.config import Device, RunConfig
from scbaseline.data.stream import CountStream, ModelBlock
from scbaseline.learn.device import choose_device
from scbaseline.learn.sparse import SparseRows
from scbaseline.model.coverage import Coverage, require_coverage
from scbaseline.model.dense import Answers, DenseServer
from scbaseline.model.front import Front, front_and_network
from scbaseline.model.sets import joined_labels

if TYPE_CHECKING:
    from scbaseline.model.classifier import Classifier


_SERVED_CELLS, _SERVED_VALUES = 4096, 2**18
"""Adjacent blocks are served at once up to so many cells or non-zeros: a block costs something
by itself, and more values than a processor keeps near cost more each."""


@dataclass(frozen=True, eq=False)
class Served:
    """What a classifier says of some adjacent cells.

    Attributes
    ----------
    rows
        Which cells of the stream they are.
    values_ng
        What the front makes of their counts; ``None`` where a GPU predicted.
    probability_nk
        Probabilities, cells × labels.
    score_n
        Unknown scores, where the classifier gives any.
    empty_n
        Which cells have no count at all.
    """

    rows: slice
    values_ng: Tensor | SparseRows | None
    probability_nk: NDArray[np.float32]
    score_n: NDArray[np.float32] | None
    empty_n: NDArray[np.bool_]

    def table(
        self,
        classifier: "Classifier",
        stream: CountStream,
        *,
        probabilities: bool,
        set_level: float,
    ) -> pd.DataFrame:
        """Return the columns of predictions; see :meth:`Classifier.predict`."""
        labels = classifier.card.labels
        # The profile of a cell without counts is that of no cell.
        probability_nk = np.where(self.empty_n[:, None], np.float32(np.nan), self.probability_nk)
        labels_n = np.asarray(labels, dtype=object)[self.probability_nk.argmax(axis=1)]
        labels_n[self.empty_n] = None
        columns = {
            keys.PREDICTED_LABEL: labels_n,
            keys.PROBABILITY: probability_nk.max(axis=1),
        }
        if self.score_n is not None:
            columns[keys.UNKNOWN_SCORE] = np.where(self.empty_n, np.nan, self.score_n)
        if classifier.sets is not None:
            inside_nk = classifier.sets.inside(self.probability_nk, level=set_level)
            texts_n = joined_labels(inside_nk, self.probability_nk, labels)
            texts_n[self.empty_n] = None
            columns[keys.PREDICTION_SET] = texts_n
        if probabilities:
            for label, of_label_n in zip(labels, probability_nk.T, strict=True):
                columns[f"{keys.PROBABILITY}_{label}"] = of_label_n
        cell_ids = pd.Index(stream.cell_ids[self.rows], name=keys.CELL_ID)
        return pd.DataFrame(columns, index=cell_ids)


def coverage_of_query(classifier: "Classifier", stream: CountStream) -> Coverage:
    """Return what a query's genes let a classifier do."""
    return classifier.coverage_of(stream.alignment(*classifier.card.genes))


def serve(
    classifier: "Classifier",
    stream: CountStream,
    *,
    force: bool,
    again: bool = False,
    device: Device = RunConfig.device,
) -> Iterator[Served]:
    """Yield what a classifier says of a query, block by block.

    Parameters
    ----------
    classifier
        A trained one.
    stream
        The query.
    force
        Go on where the genes found carry little of the decisions.
    again
        Whether this query was served before, so that its genes need no word again.
    device
        Where cells are predicted. Of ranks on a machine with several GPUs, each has its own.

    Raises
    ------
    InputError
        The counts are none, too few of the model's genes are there, or a GPU has no room.
    ConfigError
        ``cuda`` was asked for, and torch finds no GPU.
    """
    found = stream.alignment(*classifier.card.genes)
    if not again:
        found.warn_of_stripped()
        require_coverage(classifier.coverage_of(found), force=force)
    answers = answers_on(choose_device(device), classifier, found.columns < 0)
    for rows, counts_ng, total_n, empty_n in _joined(
        stream.model_blocks(found), together=stream.together
    ):
        with torch.inference_mode():
            totals = torch.from_numpy(total_n.astype(np.float32))
            probability_nk, score_n, values_ng = answers(counts_ng, totals)
        yield Served(rows, values_ng, probability_nk, score_n, empty_n)


def answers_on(
    device: torch.device, classifier: "Classifier", missing_g: NDArray[np.bool_]
) -> "Callable[[sparse.csr_matrix, Tensor], Answers]":
    """Return what answers blocks of counts and totals on a device.

    A CPU is quicker on the non-zeros; a GPU, which was never tried, makes all values.

    Parameters
    ----------
    device, classifier
        Where, and what.
    missing_g
        The genes that the query lacks.

    Raises
    ------
    InputError
        A GPU has no room for it.
    """
    if device.type == "cpu":
        return _from_non_zeros(classifier, missing_g)
    return DenseServer.sent(classifier, missing_g, device)


def _from_non_zeros(
    classifier: "Classifier", missing_g: NDArray[np.bool_]
) -> "Callable[[sparse.csr_matrix, Tensor], Answers]":
    """Return what computes a block's answers on a CPU, at the cost of its non-zeros."""
    front, unknown = cast("Front", classifier.front), classifier.unknown
    ruler = None if unknown is None else unknown.ruler(torch.from_numpy(missing_g))

    def answers(counts_ng: sparse.csr_matrix, total_n: Tensor) -> Answers:
        values_ng = front.sparse(counts_ng, total_n, missing_g=missing_g)
        logits_nk = classifier.network(values_ng)
        probability_nk = torch.softmax(logits_nk / classifier.temperature, dim=1).numpy()
        score_n = None
        if unknown is not None and ruler is not None:
            score_n = unknown.of_csr(values_ng, logits_nk.argmax(dim=1), counts_ng, ruler)
        return Answers(probability_nk, score_n, values_ng)

    return answers


def _joined(blocks: Iterable[ModelBlock], *, together: int) -> Iterator[ModelBlock]:
    """Join adjacent blocks of a file, but none of two ranks' shares.

    What one process serves is then cut as what several serve, and the same to the last digit.
    """
    waiting: list[ModelBlock] = []
    n_values = 0
    for block in blocks:
        waiting.append(block)
        n_values += block.counts_ng.nnz
        n_cells = block.rows.stop - waiting[0].rows.start
        is_full = n_cells >= _SERVED_CELLS or n_values >= _SERVED_VALUES
        if is_full or block.rows.stop % together == 0:
            yield _one_of(waiting)
            waiting, n_values = [], 0
    if waiting:
        yield _one_of(waiting)


def _one_of(blocks: list[ModelBlock]) -> ModelBlock:
    if len(blocks) == 1:
        return blocks[0]
    return ModelBlock(
        slice(blocks[0].rows.start, blocks[-1].rows.stop),
        sparse.vstack([block.counts_ng for block in blocks], format="csr"),
        np.concatenate([block.total_n for block in blocks]),
        np.concatenate([block.empty_n for block in blocks]),
    )


def codes_of_counts(
    module: nn.Module,
    space: FeatureSpace,
    blocks: "Iterable[tuple[sparse.csr_matrix, NDArray[np.float64]]]",
    *,
    missing_g: NDArray[np.bool_],
    on_components: bool,
) -> NDArray[np.int64]:
    """Return the label codes that a classifier of a fitted module would give.

    Parameters
    ----------
    module, space, on_components
        As for :func:`scbaseline.model.front.front_and_network`.
    blocks
        Counts of the module's genes, cells × genes, and each cell's total, in blocks.
    missing_g
        The genes that were not measured; their counts are zero.
    """
    served, network = front_and_network(module, space, on_components=on_components)
    front, codes = cast("Front", served), []
    with torch.inference_mode():
        for counts_ng, total_n in blocks:
            totals = torch.from_numpy(total_n.astype(np.float32))
            values_ng = front.sparse(counts_ng, totals, missing_g=missing_g)
            codes.append(network(values_ng).argmax(dim=1).numpy())
    codes_n: NDArray[np.int64] = np.concatenate(codes)
    return codes_n
