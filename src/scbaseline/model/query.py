"""A classifier and a whole query in; its predictions, and how far they may be doubted, out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline import keys
from scbaseline.data.stream import CountStream
from scbaseline.model.doubt import QueryDoubt, doubt_of
from scbaseline.model.gathered import gathered_blocks
from scbaseline.model.label_tree import read_label_tree
from scbaseline.model.options import PredictOptions
from scbaseline.model.serve import coverage_of_query
from scbaseline.model.smooth import smooth

if TYPE_CHECKING:
    from scbaseline.model.classifier import Classifier

Blocks = Iterable[pd.DataFrame]


@dataclass(frozen=True, eq=False)
class LabelledQuery:
    """What a classifier says of a query.

    Attributes
    ----------
    blocks
        The rows of all cells, in blocks; columns as :meth:`Classifier.predict` says.
    doubt
        How far they may be doubted.
    n_moved
        Cells whose smoothed label is another one than the predicted; ``None`` without.
    """

    blocks: tuple[pd.DataFrame, ...]
    doubt: QueryDoubt
    n_moved: int | None = None

    @property
    def table(self) -> pd.DataFrame:
        """All rows."""
        return pd.concat(self.blocks)


def predict_query(
    classifier: "Classifier",
    stream: CountStream,
    options: PredictOptions,
    *,
    samples: "pd.Series[str] | None" = None,
    force: bool = False,
    probabilities: bool = False,
    passing: Callable[[Blocks], Blocks] = iter,
) -> LabelledQuery:
    """Label a whole query, and say how far its labels may be doubted.

    Where ranks share the query, each serves its own cells, and all return the same.

    Parameters
    ----------
    classifier, stream, force, probabilities
        As for :meth:`Classifier.predict_stream`.
    options
        What to decline, what to add, and where to compute.
    samples
        The donor, batch or sample of each cell, to judge each alone as well.
    passing
        What blocks pass through as they come, such as a progress bar.

    Raises
    ------
    InputError, ConfigError
        As :meth:`Classifier.predict_stream`; or the label tree cannot be used.
    """
    card = classifier.card
    tree = None if options.label_tree is None else read_label_tree(options.label_tree, card.labels)
    served = classifier.predict_stream(
        stream, force=force, probabilities=probabilities, set_level=options.set_level,
        device=options.device,
    )  # fmt: skip
    blocks = gathered_blocks(list(passing(served)), stream.cell_ids, stream.ranks)
    coverage = coverage_of_query(classifier, stream)
    judge = partial(
        doubt_of,
        card=card,
        unknown=classifier.unknown,
        share_of_genes=coverage.n_found / coverage.n_genes,
        reject_known=options.reject_known,
    )
    doubt = judge(blocks)
    if samples is not None:
        table = pd.concat(blocks)
        of_samples = {name: judge([table.iloc[rows]]) for name, rows in _by_sample(samples).items()}
        doubt = replace(doubt, samples=of_samples)
    blocks = [doubt.with_unknown(block) for block in blocks]
    if tree is not None:
        blocks = [tree.broad_labels(block) for block in blocks]
    if not options.smooth:
        return LabelledQuery(tuple(blocks), doubt)
    smoothed = smooth(classifier, stream)
    label = keys.SMOOTHED_LABEL
    called = pd.concat(blocks)[keys.PREDICTED_LABEL]
    n_moved = int(((called != smoothed[label]) & called.notna()).sum())
    return LabelledQuery(tuple(_beside(blocks, smoothed)), doubt, n_moved)


def _beside(blocks: Blocks, columns: pd.DataFrame) -> Iterator[pd.DataFrame]:
    start = 0
    for block in blocks:
        own = columns.iloc[start : start + len(block)]
        yield block.assign(**{name: own[name].to_numpy() for name in own})
        start += len(block)


def _by_sample(samples: "pd.Series[str]") -> dict[str, NDArray[np.int64]]:
    """Return the rows of each sample; cells without one are in none."""
    return {str(name): np.asarray(rows) for name, rows in samples.groupby(samples).indices.items()}
