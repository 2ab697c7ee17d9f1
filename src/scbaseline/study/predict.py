"""Prediction: a classifier and cells in; a label and its probability for each cell out."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scbaseline import keys
from scbaseline.data.formats import chosen_matrix
from scbaseline.data.options import ReadOptions
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ConfigError, InputError
from scbaseline.model.card import ModelCard
from scbaseline.model.classifier import Classifier
from scbaseline.model.coverage import Coverage
from scbaseline.study.shown import as_html, as_text

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """A label for each cell of a query, and how far to trust it.

    Attributes
    ----------
    table
        One row per cell: ``predicted_label`` (missing for a cell without counts) and its
        ``probability``; on request also ``probability_<label>`` for each label.
    card
        What the model is.
    coverage
        What the query's genes let the model do.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> predictions = sb.predict(adata, sb.train(adata, **settings).classifier)
    >>> list(predictions.table)
    ['predicted_label', 'probability']
    >>> int(predictions.summary()["cells"].sum())
    700
    """

    table: pd.DataFrame
    card: ModelCard
    coverage: Coverage

    def __repr__(self) -> str:
        return as_text(self._head(), self.summary(), more=_MORE)

    def _repr_html_(self) -> str:
        return as_html(self._head(), self.summary(), more=_MORE)

    def summary(self) -> pd.DataFrame:
        """Return how many cells got each label, and the median probability of theirs."""
        by_label = self.table.groupby(keys.PREDICTED_LABEL)[keys.PROBABILITY]
        summary = by_label.agg(cells="size", median_probability="median")
        return summary.sort_values("cells", ascending=False, kind="stable")

    def to_adata(self, adata: "AnnData", *, key_added: str = "scbaseline") -> "AnnData":
        """Return a copy of the query with the columns that :func:`scbaseline.annotate` writes.

        Parameters
        ----------
        adata
            The query; it is not changed.
        key_added
            Name of the label's column, and the beginning of the others' names.

        Raises
        ------
        InputError
            Its cells are others than those that were predicted, or it has such columns.
        """
        copied = adata.copy()
        _write(self, copied, key_added=key_added, overwrite=False)
        return copied

    def _head(self) -> str:
        covered = f"{self.coverage.n_found:,} of {self.coverage.n_genes:,} genes found"
        return f"Predictions of {self.card.recipe.name}: {len(self.table):,} cells, {covered}"


_MORE = "More: .table, .coverage, .card, .to_adata(adata)"


def predict(
    adata: "AnnData",
    model: Classifier | str | Path,
    *,
    layer: str | None = None,
    use_raw: bool = False,
    total_key: str | None = None,
    force: bool = False,
    probabilities: bool = False,
) -> Predictions:
    """Label the cells of a query with a trained classifier.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, or values that counts can be recovered from exactly. It is
        not changed.
    model
        A classifier, or the path of a model file.
    layer
        Take the counts from this layer instead of ``X``.
    use_raw
        Take the counts from ``raw`` instead of ``X``.
    total_key
        Column of obs that holds each cell's total count, where ``X`` holds only some genes.
    force
        Predict even where the query lacks most of the model's genes.
    probabilities
        Add the probability of every label.

    Raises
    ------
    InputError
        There are no raw counts where they were looked for, or too few of the model's genes.
    DataNotFoundError, ModelFileError
        There is no such model file, or it cannot be read.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> classifier = sb.train(adata, **settings).classifier
    >>> sb.predict(adata, classifier).table.shape
    (700, 2)
    """
    classifier = model if isinstance(model, Classifier) else Classifier.load(model)
    chosen = chosen_matrix(adata, ReadOptions(layer=layer, use_raw=use_raw))
    stream = stream_counts(chosen, total_key=total_key)
    blocks = classifier.predict_stream(stream, force=force, probabilities=probabilities)
    return Predictions(pd.concat(blocks), classifier.card, classifier.coverage(stream.var))


def annotate(
    adata: "AnnData",
    model: Classifier | str | Path,
    *,
    key_added: str = "scbaseline",
    layer: str | None = None,
    use_raw: bool = False,
    total_key: str | None = None,
    force: bool = False,
    probabilities: bool = False,
    overwrite: bool = False,
) -> None:
    """Label the cells of ``adata`` in place, as scanpy's functions do; return nothing.

    Nothing is written unless everything worked. Written are

    - ``obs[key_added]``: the label, categorical; missing for a cell without counts,
    - ``obs[f"{key_added}_probability"]``: the probability of this label, float32,
    - with ``probabilities``, ``obs[f"{key_added}_probability_<label>"]`` for each label,
    - ``uns["scbaseline_predictions"][key_added]``: the model's recipe, training data and hash.

    Parameters
    ----------
    adata
        The cells to label: raw counts, cells × genes. It gets these columns.
    model
        A classifier, or the path of a model file.
    key_added
        Name of the label's column, and the beginning of the others' names.
    layer, use_raw, total_key, force, probabilities
        As for :func:`scbaseline.predict`.
    overwrite
        Replace columns of these names that scbaseline did not write; its own are always
        replaced.

    Raises
    ------
    ConfigError
        ``key_added`` can name no column.
    InputError
        As for :func:`scbaseline.predict`; or obs has such a column that scbaseline did not
        write.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> sb.annotate(adata, sb.train(adata, **settings).classifier)
    >>> adata.obs["scbaseline"].dtype.name
    'category'
    >>> adata.uns["scbaseline_predictions"]["scbaseline"]["recipe"]
    'nearest-centroid'
    """
    if key_added in ("", "_index") or "/" in key_added:
        raise ConfigError(f"key_added: {key_added!r} can name no column of obs; give another")
    own = [keys.predictions(name, key_added) for name in (keys.PREDICTED_LABEL, keys.PROBABILITY)]
    _refuse_columns(own, adata, key_added=key_added, overwrite=overwrite)  # before the work
    predictions = predict(
        adata,
        model,
        layer=layer,
        use_raw=use_raw,
        total_key=total_key,
        force=force,
        probabilities=probabilities,
    )
    _write(predictions, adata, key_added=key_added, overwrite=overwrite)


def _refuse_columns(
    columns: list[str], adata: "AnnData", *, key_added: str, overwrite: bool
) -> None:
    """Refuse to replace columns, unless an earlier call wrote them or the user asked for it."""
    is_ours = key_added in adata.uns.get(keys.PREDICTIONS, ())
    present = [name for name in columns if name in adata.obs]
    if present and not is_ours and not overwrite:
        raise InputError(
            f"obs already has a column {present[0]!r} that scbaseline did not write; name the new "
            "columns with key_added=, or pass overwrite=True to replace it"
        )


def _write(predictions: Predictions, adata: "AnnData", *, key_added: str, overwrite: bool) -> None:
    table = predictions.table
    if [str(name) for name in adata.obs_names] != list(table.index):
        raise InputError(
            f"adata has {adata.n_obs:,} cells, which are not the {len(table):,} predicted ones "
            "in their order; pass the query that was predicted"
        )
    label = pd.Categorical(table[keys.PREDICTED_LABEL].astype(object))
    columns = {keys.predictions(str(name), key_added): table[name].to_numpy() for name in table} | {
        key_added: label
    }
    _refuse_columns(list(columns), adata, key_added=key_added, overwrite=overwrite)
    with warnings.catch_warnings():
        # A view becomes data of its own here, as scanpy's users expect.
        warnings.filterwarnings("ignore", message=".*view", category=UserWarning)
        adata.obs = adata.obs.assign(**columns)
    noted = adata.uns.get(keys.PREDICTIONS, {})
    adata.uns[keys.PREDICTIONS] = {**noted, key_added: predictions.card.note}
