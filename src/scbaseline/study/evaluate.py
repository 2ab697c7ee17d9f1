"""Evaluation: a saved classifier and another study's labelled cells in; scores out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.config import RunConfig
from scbaseline.data.stream import CountStream
from scbaseline.errors import InputError, listed
from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.scores import Scorecard, score_predictions
from scbaseline.model.classifier import Classifier
from scbaseline.model.coverage import Coverage
from scbaseline.model.serve import coverage_of_query
from scbaseline.randomness import Stream, generator
from scbaseline.study.evidence import Row, rows_of
from scbaseline.study.label_map import LabelMap, LabelMatch, match_labels
from scbaseline.study.labels import check_label_key, label_texts
from scbaseline.study.protocols import ANOTHER_STUDY
from scbaseline.study.shown import as_html, as_text, scores_table


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """How a saved classifier did on another study.

    Attributes
    ----------
    recipe
        The model's recipe.
    scorecard
        Over the cells whose label has a counterpart in the model.
    label_source, label_origin
        Where the other study's labels come from.
    coverage
        What the query's genes let the model do.
    match
        Which labels have a counterpart in the model: ``match.left_out`` holds the others with
        their cells, ``match.suggestions`` near names, ``match.draft()`` a label map of both.
    n_unlabelled
        Cells without a label, or without a count.
    notes
        What was done to the input, and what weakens it.
    cells
        The predictions of all cells, by cell id, with their ``given_label`` in the common
        words; missing where it has no counterpart.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> classifier = sb.train(adata, **settings).classifier
    >>> from scbaseline.data.stream import stream_counts
    >>> from scbaseline.study.evaluate import LabelMap
    >>> query = stream_counts(adata[:300].copy())  # in earnest: another study
    >>> config = sb.RunConfig(label_key="bulk_labels")
    >>> evaluation = sb.evaluate(classifier, query, config, label_map=LabelMap({}, {}))
    >>> evaluation.coverage.n_found
    765
    """

    recipe: str
    scorecard: Scorecard
    label_source: str
    label_origin: str
    coverage: Coverage
    match: LabelMatch
    n_unlabelled: int
    notes: tuple[str, ...]
    cells: pd.DataFrame

    def __repr__(self) -> str:
        return as_text(self._head(), self._short(), more=_MORE)

    def _repr_html_(self) -> str:
        return as_html(self._head(), self._short(), more=_MORE)

    def summary(self) -> pd.DataFrame:
        """Return every score over all labels: metric, value, interval, number of cells, tier."""
        return scores_table(self.rows)

    def _head(self) -> str:
        n = self.scorecard.score("accuracy").n
        return f"Evaluation of {self.recipe} on {n:,} cells labelled by {self.label_source}:"

    def _short(self) -> pd.DataFrame:
        return self.summary()[["tier", "value", "low", "high", "n"]].droplevel([0, 1])

    @property
    def tier(self) -> str:
        """The tier of evidence that another study's labels reach."""
        return ANOTHER_STUDY.tier(self.label_origin)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All scores with their evidence."""
        return rows_of(
            self.scorecard,
            protocol=ANOTHER_STUDY.name,
            tier=self.tier,
            label_source=self.label_source,
            label_origin=self.label_origin,
            recipe=self.recipe,
        )


_MORE = "More: .summary(), .scorecard, .coverage, .match"


def compare_labels(
    classifier: Classifier, stream: CountStream, config: RunConfig, *, label_map: LabelMap
) -> LabelMatch:
    """Find which labels of another study have a counterpart in the model; predict nothing.

    Parameters
    ----------
    classifier, stream, config, label_map
        As for :func:`evaluate`.

    Raises
    ------
    InputError
        No such column, or the map leads to a label that the model does not have.
    """
    check_label_key(stream.obs, config)
    given = label_texts(stream.obs[config.label_key])
    return match_labels(given, classifier.card.labels, label_map)


def evaluate(
    classifier: Classifier,
    stream: CountStream,
    config: RunConfig,
    *,
    label_map: LabelMap,
    force: bool = False,
) -> Evaluation:
    """Predict another study's cells and score the predictions against its labels.

    Labels that the model can predict but the query lacks may be predicted, and are then
    mistakes; macro-F1 is over the labels that the query has.

    Parameters
    ----------
    classifier
        The model; nothing in it is changed.
    stream
        The query's counts, with labels in ``obs[config.label_key]``.
    config
        ``label_key``, ``label_origin``, ``n_bootstrap``, ``seed``, ``device``.
    label_map
        How labels are brought to one set.
    force
        Predict even where the query lacks most of the model's genes.

    Raises
    ------
    InputError
        No such column, none of the query's labels has a counterpart in the model, or the
        query is the data that the model was trained on.
    ConfigError
        ``device="cuda"`` without a GPU.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> classifier = sb.train(adata, **settings).classifier
    >>> from scbaseline.data.stream import stream_counts
    >>> from scbaseline.study.evaluate import LabelMap
    >>> query = stream_counts(adata[:300].copy())  # in earnest: another study
    >>> config = sb.RunConfig(label_key="bulk_labels")
    >>> sb.evaluate(classifier, query, config, label_map=LabelMap({}, {})).tier
    'T4'
    """
    match = compare_labels(classifier, stream, config, label_map=label_map)
    _require_another_study(classifier.card.data, stream)
    _require_common_labels(match, config)
    given = label_texts(stream.obs[config.label_key])
    code_of = {name: code for code, name in enumerate(match.names)}
    code_of_label = {label: code_of[name] for label, name in match.common.items()}
    true_n = np.array([code_of_label.get(label, -1) for label in given])

    cells = pd.concat(classifier.predict_stream(stream, force=force, device=config.device))
    labels_n = cells[keys.PREDICTED_LABEL].to_numpy(object)
    predicted_n = np.array(
        [-1 if label is None else code_of[label_map.model.get(label, label)] for label in labels_n]
    )
    judged = (true_n >= 0) & (predicted_n >= 0)
    scorecard = score_predictions(
        HeldOut.of_one_test(true_n[judged], predicted_n[judged], match.names),
        generator(config.seed, Stream.INTERVALS),
        n_draws=config.n_bootstrap,
    )
    return Evaluation(
        classifier.card.recipe.name,
        scorecard,
        f"given:{config.label_key}",
        config.label_origin,
        coverage_of_query(classifier, stream),
        match,
        n_unlabelled=int(given.isna().sum() + ((true_n >= 0) & (predicted_n < 0)).sum()),
        notes=stream.notes,
        cells=cells.assign(given_label=np.array([*match.names, None], dtype=object)[true_n]),
    )


def _require_another_study(data: Mapping[str, Any], stream: CountStream) -> None:
    """Refuse the very counts that a model was trained on.

    Some of those cells under another name or in another order are not known again: the card
    holds one fingerprint of them all, and no cell ids.
    """
    # Counts of another shape have another fingerprint, which takes some passes over all cells.
    if stream.shape != (data["n_cells"], data["n_genes"]):
        return
    if stream.fingerprint() == data["fingerprint"]:
        raise InputError(
            f"evaluate: the {stream.shape[0]:,} cells to judge on have the fingerprint "
            f"{data['fingerprint']}, as the model's own training data ({data['title']}); cells of "
            "another study are wanted. How the model did on cells that it was not trained on "
            "stands on its card: scbaseline show MODEL"
        )


def _require_common_labels(match: LabelMatch, config: RunConfig) -> None:
    """Refuse a query of whose labels the model knows none; near names are said."""
    if match.common:
        return
    near = [f"{label} → {names[0].name}" for label, names in match.suggestions.items()]
    raise InputError(
        f"--label-key {config.label_key}: none of its labels "
        f"({listed(match.left_out)}) is a label of the model ({listed(match.names)}); "
        + (f"near names: {listed(near)}; " if near else "")
        + "say which is which with --label-map FILE.toml (--label-map-draft FILE.toml writes a "
        "draft of one)"
    )
