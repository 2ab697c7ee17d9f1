"""Predictions of a whole query in; how far each label may be doubted, and what is unknown, out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline import keys
from scbaseline.model.card import ModelCard
from scbaseline.model.card_types import N_QUANTILES
from scbaseline.model.options import REJECT_KNOWN
from scbaseline.model.query_verdict import Verdict, looks_unlike_by_probability

if TYPE_CHECKING:
    from scbaseline.model.unknown import UnknownScore


@dataclass(frozen=True)
class LabelDoubt:
    """The cells of one predicted label; shares are 0 to 1.

    Attributes
    ----------
    label, n
        The label, and the number of the query's cells that got it.
    median_probability, below_half
        Median of their probabilities, and the share of them below .5.
    unknown
        The share called unknown; ``None`` where no threshold may be used.
    held_out_n, held_out_median, held_out_below_half
        The same of held-out cells of the training data; ``None`` where none got the label.
    """

    label: str
    n: int
    median_probability: float
    below_half: float
    unknown: float | None
    held_out_n: int
    held_out_median: float | None
    held_out_below_half: float | None


@dataclass(frozen=True)
class QueryDoubt:
    """What must be known of a query's predictions first.

    Attributes
    ----------
    n_cells
        Cells with a label.
    looks_unlike
        Whether the query looks unlike the training cells.
    verdict
        What may be done with the unknown scores, as
        :func:`~scbaseline.model.query_verdict.judge_scores` says; ``None`` without scores.
    threshold
        The score above which a cell is called unknown; ``None`` where there is none.
    reject_known
        The share of held-out cells above the threshold.
    share_of_genes
        The share of the model's genes that the query has.
    labels
        Each predicted label, the most frequent first.
    samples
        The same for the cells of each donor, batch or sample, if a column of these was named.
    """

    n_cells: int
    looks_unlike: bool
    verdict: Verdict | None
    threshold: float | None
    reject_known: float
    share_of_genes: float
    labels: tuple[LabelDoubt, ...]
    samples: Mapping[str, "QueryDoubt"] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    def with_unknown(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Return predictions with the column ``unknown``, if they have scores.

        Parameters
        ----------
        predictions
            All cells or a block of them, as ``predict_stream`` gives them.
        """
        if keys.UNKNOWN_SCORE not in predictions:
            return predictions
        score_n = predictions[keys.UNKNOWN_SCORE].to_numpy()
        missing_n = np.isnan(score_n) | (self.threshold is None)
        above_n = score_n > (np.inf if self.threshold is None else self.threshold)
        table = predictions.copy()
        place = table.columns.get_loc(keys.UNKNOWN_SCORE)
        table.insert(int(place), keys.UNKNOWN, pd.arrays.BooleanArray(above_n, missing_n))
        return table


def doubt_of(
    predictions: Sequence[pd.DataFrame],
    card: ModelCard,
    unknown: "UnknownScore | None",
    *,
    share_of_genes: float,
    reject_known: float = REJECT_KNOWN,
) -> QueryDoubt:
    """Judge a whole query.

    Parameters
    ----------
    predictions
        Blocks of cells, as ``predict_stream`` gives them.
    card, unknown
        Of the classifier that made them.
    share_of_genes
        The share of its genes that the query has.
    reject_known
        The share of known cells that may be called unknown.
    """
    label_n = np.concatenate(
        [block[keys.PREDICTED_LABEL].to_numpy(object) for block in predictions]
    )
    codes_n = pd.Index(card.labels).get_indexer(pd.Index(label_n, dtype=object))
    has_n = codes_n >= 0
    codes_n = codes_n[has_n].astype(np.int64)
    probability_n = _joined(predictions, keys.PROBABILITY)[has_n]
    verdict: Verdict | None = None
    threshold, above_n = None, None
    if unknown is None:
        looks_unlike = looks_unlike_by_probability(probability_n, codes_n, card.held_out_doubt)
    else:
        score_n = _joined(predictions, keys.UNKNOWN_SCORE)[has_n]
        verdict = unknown.judge(score_n, codes_n, share_of_genes=share_of_genes).verdict
        looks_unlike = verdict == "unlike"
        threshold = unknown.threshold(reject_known, verdict)
        above_n = None if threshold is None else score_n > threshold
    return QueryDoubt(
        n_cells=len(codes_n),
        looks_unlike=looks_unlike,
        verdict=verdict,
        threshold=threshold,
        reject_known=reject_known,
        share_of_genes=share_of_genes,
        labels=_by_label(card, codes_n, probability_n, above_n),
    )


def held_out_doubt(
    probabilities_nk: NDArray[np.floating], labels: Sequence[str]
) -> tuple[dict[str, Any], ...]:
    """Return what a card keeps of held-out cells: a row for each predicted label.

    Parameters
    ----------
    probabilities_nk
        Probabilities of cells that the classifier was not trained on, cells × labels.
    labels
        The k labels.
    """
    codes_n, best_n = probabilities_nk.argmax(axis=1), probabilities_nk.max(axis=1)
    rows = []
    for k, label in enumerate(labels):
        own = best_n[codes_n == k]
        levels = np.quantile(own, np.linspace(0, 1, N_QUANTILES)) if len(own) else np.zeros(0)
        rows.append({
            "label": label,
            "n": len(own),
            "n_below_half": int((own < 0.5).sum()),
            "quantiles": [round(float(x), 4) for x in levels],
        })  # fmt: skip
    return tuple(rows)


def _joined(blocks: Sequence[pd.DataFrame], column: str) -> NDArray[np.floating]:
    joined: NDArray[np.floating] = np.concatenate([block[column].to_numpy() for block in blocks])
    return joined


def _by_label(
    card: ModelCard,
    codes_n: NDArray[np.int64],
    probability_n: NDArray[np.floating],
    above_n: NDArray[np.bool_] | None,
) -> tuple[LabelDoubt, ...]:
    rows = {row["label"]: row for row in card.held_out_doubt}
    doubts = []
    for k, label in enumerate(card.labels):
        own_n = codes_n == k
        if not own_n.any():
            continue
        held_out = rows.get(label, {"n": 0})
        n_held_out, known = held_out["n"], bool(held_out["n"])
        doubts.append(
            LabelDoubt(
                label=label,
                n=int(own_n.sum()),
                median_probability=float(np.median(probability_n[own_n])),
                below_half=float((probability_n[own_n] < 0.5).mean()),
                unknown=None if above_n is None else float(above_n[own_n].mean()),
                held_out_n=n_held_out,
                held_out_median=held_out["quantiles"][N_QUANTILES // 2] if known else None,
                held_out_below_half=held_out["n_below_half"] / n_held_out if known else None,
            )
        )
    return tuple(sorted(doubts, key=lambda doubt: (-doubt.n, doubt.label)))
