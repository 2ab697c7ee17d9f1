"""A classifier and raw counts in full in; probabilities and unknown scores, on any device, out.

This is what the module itself computes. A GPU predicts with it, and an exported file holds it; a
CPU follows the non-zeros instead (:mod:`scbaseline.model.serve`).
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from scbaseline.learn.device import require_room, send
from scbaseline.learn.feed import ResidentCells
from scbaseline.learn.sparse import SparseRows
from scbaseline.model.unknown import Ruler, UnknownScore

if TYPE_CHECKING:
    from scbaseline.model.classifier import Classifier

DENSE_VALUES = 2**23
"""Counts that are dense on a device at a time, zeros included."""

_BYTES = 32  # that each of them takes at most at a time, with what front and score make of it
_PRECISION_BYTES = 24  # that each entry of the labels' precision matrices takes at most at a time


class Parts(Protocol):
    """What a classifier computes with."""

    front: nn.Module
    network: nn.Module
    temperature: Tensor
    unknown: UnknownScore | None


class Answers(NamedTuple):
    """What a classifier says of the cells of a block.

    Attributes
    ----------
    probability_nk
        Calibrated probabilities, cells × labels.
    score_n
        Unknown scores; ``None`` where the classifier gives none.
    values_ng
        What the front makes of the counts; ``None`` where they were not kept.
    """

    probability_nk: NDArray[np.float32]
    score_n: NDArray[np.float32] | None
    values_ng: Tensor | SparseRows | None = None


def in_full(
    parts: Parts, counts_ng: Tensor, total_n: Tensor, ruler: Ruler | None
) -> tuple[Tensor, Tensor | None]:
    """Return calibrated probabilities, cells × labels, and unknown scores, where there are any.

    Parameters
    ----------
    parts
        The classifier.
    counts_ng, total_n
        As for :meth:`Classifier.forward`, on the classifier's device.
    ruler
        As :meth:`UnknownScore.ruler` gives it for the genes that are NaN; without it, no score
        is computed.
    """
    values_ng = parts.front(counts_ng, total_n)
    logits_nk = parts.network(values_ng)
    probability_nk = torch.softmax(logits_nk / parts.temperature, dim=1)
    if parts.unknown is None or ruler is None:
        return probability_nk, None
    seen_ng = counts_ng.masked_fill(counts_ng.isnan(), 0.0)
    return probability_nk, parts.unknown(values_ng, logits_nk.argmax(dim=1), seen_ng, ruler)


@dataclass(frozen=True, eq=False)
class DenseServer:
    """A classifier on a device, for a query that lacks some genes; see :meth:`sent`.

    Attributes
    ----------
    classifier
        A copy of it, on the device.
    blank_g
        A cell without counts, on the device: NaN where a gene was not measured, else 0.
    ruler
        What unknown scores are measured with, on the device.
    n_rows
        Cells that are made dense at a time.
    """

    classifier: "Classifier"
    blank_g: Tensor
    ruler: Ruler | None
    n_rows: int

    @classmethod
    def sent(
        cls,
        classifier: "Classifier",
        missing_g: NDArray[np.bool_],
        device: torch.device,
        *,
        most_values: int = DENSE_VALUES,
    ) -> Self:
        """Copy a classifier to a device.

        Parameters
        ----------
        classifier
            A trained one, on the CPU, where it stays.
        missing_g
            The genes that the query lacks.
        device
            Where cells are predicted.
        most_values
            Counts that are dense there at a time, zeros included, but at least one cell's.

        Raises
        ------
        InputError
            A GPU has no room for it.
        """
        weights, unknown = classifier.state_dict().values(), classifier.unknown
        width, n_bytes = len(missing_g), sum(x.nbytes for x in weights)
        if unknown is not None:  # it measures each cell's distance from each label
            n_labels, n_comps = unknown.center_kc.shape
            width += n_labels * n_comps
            n_bytes += _PRECISION_BYTES * n_labels * n_comps**2
        n_bytes += _BYTES * max(most_values, width)
        require_room(
            n_bytes, device, what="the model and the cells that it looks at", remedy="--device cpu"
        )
        missing = torch.from_numpy(missing_g)
        # Once a query, and small matrices: a GPU would gain nothing.
        ruler = None if unknown is None else unknown.ruler(missing)
        return cls(
            deepcopy(classifier).to(device),
            torch.zeros(len(missing_g)).masked_fill(missing, torch.nan).to(device),
            None if ruler is None else ruler.to(device),
            max(1, most_values // width),
        )

    def __call__(self, counts_ng: "sparse.csr_matrix", total_n: Tensor) -> Answers:
        """Return what the classifier says of the cells of a block.

        Parameters
        ----------
        counts_ng
            Raw counts of the model's genes in CSR, with zeros where a gene was not measured.
        total_n
            Each cell's total count over all of its genes.
        """
        chunks = list(self.chunks(counts_ng, total_n))
        probability_nk = torch.cat([probability_nk for probability_nk, _ in chunks])
        scores = [score_n for _, score_n in chunks if score_n is not None]
        return Answers(
            probability_nk.cpu().numpy(), torch.cat(scores).cpu().numpy() if scores else None
        )

    def chunks(
        self, counts_ng: "sparse.csr_matrix", total_n: Tensor
    ) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Yield probabilities and scores of a few cells at a time, on the device.

        The non-zeros are sent at once; nothing waits for the device.
        """
        device = self.blank_g.device
        # A gene that was not measured has no entry, so it is NaN in every cell.
        cells = ResidentCells(
            self.blank_g,
            torch.from_numpy(counts_ng.indptr.astype(np.int64)),
            send(torch.from_numpy(counts_ng.indices.astype(np.int32, copy=False)), device),
            send(torch.from_numpy(counts_ng.data.astype(np.float32, copy=False)), device),
        )
        batches = cells.batches(torch.arange(len(cells)), self.n_rows)
        totals = torch.split(send(total_n, device), self.n_rows)
        for chunk_ng, of_chunk_n in zip(batches, totals, strict=True):
            yield in_full(self.classifier, chunk_ng, of_chunk_n, self.ruler)
