"""Evaluation: a saved classifier and another study's labelled cells in; scores out."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.config import RunConfig
from scbaseline.data.stream import CountStream
from scbaseline.errors import ConfigError, InputError, did_you_mean
from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.scores import Scorecard, score_predictions
from scbaseline.model.classifier import Classifier
from scbaseline.model.coverage import Coverage
from scbaseline.randomness import Stream, generator
from scbaseline.study.evidence import Row, rows_of
from scbaseline.study.labels import check_label_key, label_texts
from scbaseline.study.protocols import ANOTHER_STUDY


@dataclass(frozen=True)
class LabelMap:
    """How two studies' labels are brought to one set.

    Attributes
    ----------
    query
        The query's label → the common label; the query's other labels are left out. Empty:
        the query's labels are the model's.
    model
        The model's label → the common label; the model's other labels stay as they are.
    """

    query: Mapping[str, str]
    model: Mapping[str, str]


@dataclass(frozen=True, eq=False)
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
    left_out
        Query label → cells left out, since the label has no counterpart.
    n_unlabelled
        Cells without a label, or without a count.
    notes
        What was done to the input, and what weakens it.
    cells
        The predictions of all cells, by cell id, with their ``given_label`` in the common
        words; missing where it has no counterpart.
    """

    recipe: str
    scorecard: Scorecard
    label_source: str
    label_origin: str
    coverage: Coverage
    left_out: dict[str, int]
    n_unlabelled: int
    notes: tuple[str, ...]
    cells: pd.DataFrame

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


def read_label_map(path: str | Path | None) -> LabelMap:
    """Read ``[labels]`` (query = common) and ``[model]`` (model = common) from a TOML file.

    Raises
    ------
    ConfigError
        The file is missing, is not TOML, or holds something else.
    """
    if path is None:
        return LabelMap({}, {})
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--label-map {path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ConfigError(f"--label-map {path}: not a TOML file ({error})") from error
    for name, table in content.items():
        texts = isinstance(table, dict) and all(isinstance(v, str) for v in table.values())
        if name not in ("labels", "model") or not texts:
            raise ConfigError(
                f"--label-map {path}: [{name}] was found; wanted are [labels], lines of "
                '"query label" = "model label", and perhaps [model], "model label" = "common label"'
            )
    return LabelMap(content.get("labels", {}), content.get("model", {}))


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
        ``label_key``, ``label_origin``, ``n_bootstrap``, ``seed``.
    label_map
        How labels are brought to one set.
    force
        Predict even where the query lacks most of the model's genes.

    Raises
    ------
    InputError
        No such column, none of the query's labels has a counterpart in the model, or the
        query is the data that the model was trained on.
    """
    check_label_key(stream.obs, config)
    _require_another_study(classifier.card.data, stream)
    given = label_texts(stream.obs[config.label_key])
    own = classifier.card.labels
    names = tuple(dict.fromkeys(label_map.model.get(label, label) for label in own))
    common = {label: label_map.query.get(label, "") for label in set(given.dropna())}
    if not label_map.query:
        common = {label: label_map.model.get(label, label) for label in common}
    unknown = [label for label in label_map.query.values() if label not in names]
    if unknown:
        raise InputError(
            f"label map: {unknown[0]!r} is no label of the model. {did_you_mean(unknown[0], names)}"
        )
    code_of = {name: code for code, name in enumerate(names)}
    true_n = np.array([code_of.get(common.get(label, ""), -1) for label in given.fillna("")])
    if not (true_n >= 0).any():
        raise InputError(
            f"--label-key {config.label_key}: none of its labels "
            f"({', '.join(map(str, list(common)[:5]))}) is a label of the model "
            f"({', '.join(names[:5])}); say which is which with --label-map FILE.toml"
        )

    cells = pd.concat(classifier.predict_stream(stream, force=force))
    labels_n = cells[keys.PREDICTED_LABEL].to_numpy(object)
    predicted_n = np.array(
        [-1 if label is None else code_of[label_map.model.get(label, label)] for label in labels_n]
    )
    judged = (true_n >= 0) & (predicted_n >= 0)
    left_out = Counter(
        label
        for label, code in zip(given, true_n, strict=True)
        if code < 0 and isinstance(label, str)
    )
    scorecard = score_predictions(
        HeldOut.of_one_test(true_n[judged], predicted_n[judged], names),
        generator(config.seed, Stream.INTERVALS),
        n_draws=config.n_bootstrap,
    )
    return Evaluation(
        classifier.card.recipe.name,
        scorecard,
        f"given:{config.label_key}",
        config.label_origin,
        classifier.coverage(stream.var),
        dict(left_out.most_common()),
        n_unlabelled=int(given.isna().sum() + ((true_n >= 0) & (predicted_n < 0)).sum()),
        notes=stream.notes,
        cells=cells.assign(given_label=np.array([*names, None], dtype=object)[true_n]),
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
