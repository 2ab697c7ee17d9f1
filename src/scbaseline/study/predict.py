"""Prediction: a classifier and cells in; a label and its probability for each cell out."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbaseline import keys
from scbaseline.data.formats import chosen_matrix
from scbaseline.data.options import ReadOptions
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.device import choose_device
from scbaseline.model.card import ModelCard
from scbaseline.model.classifier import Classifier
from scbaseline.model.coverage import Coverage
from scbaseline.model.doubt import QueryDoubt
from scbaseline.model.options import PredictOptions
from scbaseline.model.query import predict_query
from scbaseline.ranks import ALONE, Ranks
from scbaseline.study.labels import samples_from_column
from scbaseline.study.shown import as_html, as_text

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """A label for each cell of a query, and how far to trust it.

    Attributes
    ----------
    table
        One row per cell; the columns are those of :meth:`Classifier.predict`.
    doubt
        How far the labels may be doubted, for each label.
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
    ['predicted_label', 'probability', 'prediction_set']
    >>> int(predictions.summary()["cells"].sum())
    700
    """

    table: pd.DataFrame
    doubt: QueryDoubt
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
    group_key: str | None = None,
    ranks: Ranks = ALONE,
    **options: Any,
) -> Predictions:
    """Label the cells of a query with a trained classifier.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, or values that counts can be recovered from exactly. It is
        not changed.
    model
        A classifier, the path of a model file, or the name of a model that comes with the
        package, such as ``"pbmc"``.
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
    group_key
        Column of obs with each cell's donor, batch or sample, to judge each by itself, too.
    ranks
        Those that share the cells, as ``torchrun`` starts them; all return the same.
    options
        ``reject_known``, ``set_level``, ``label_tree``, ``smooth``, ``device``: as for
        :class:`~scbaseline.model.options.PredictOptions`.

    Raises
    ------
    InputError
        There are no raw counts where they were looked for, or too few of the model's genes.
    DataNotFoundError, ModelFileError
        There is no such model file, or it cannot be read.
    ConfigError
        An option has a value that cannot work, such as ``device="cuda"`` without a GPU.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> classifier = sb.train(adata, **settings).classifier
    >>> sb.predict(adata, classifier).table.shape
    (700, 3)
    """
    require_adata(adata)
    if not isinstance(model, Classifier | str | Path):
        raise ConfigError(
            f"model: {type(model).__name__} was given; pass a Classifier, the path of a model "
            'file, or the name of a model that comes with the package, such as "pbmc"'
        )
    asked = PredictOptions(**options)
    choose_device(asked.device)  # a missing GPU is said now, not after the look at all cells
    classifier = model if isinstance(model, Classifier) else Classifier.load(model)
    chosen = chosen_matrix(adata, ReadOptions(layer=layer, use_raw=use_raw))
    stream = stream_counts(
        chosen, total_key=total_key, ranks=ranks, model_genes=classifier.card.genes
    )
    stream.warn_of_caveats()
    labelled = predict_query(
        classifier, stream, asked,
        samples=None if group_key is None else samples_from_column(adata.obs, group_key),
        force=force, probabilities=probabilities,
    )  # fmt: skip
    coverage = classifier.coverage_of(stream.alignment(*classifier.card.genes))
    return Predictions(labelled.table, labelled.doubt, classifier.card, coverage)


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
    **options: Any,
) -> None:
    """Label the cells of ``adata`` in place, as scanpy's functions do; return nothing.

    Nothing is written unless everything worked. Written are

    - ``obs[key_added]``: the label, categorical; missing for a cell without counts,
    - ``obs[f"{key_added}_probability"]``: the probability of this label, float32,
    - ``obs[f"{key_added}_prediction_set"]``: the labels that the cell may have,
    - ``obs[f"{key_added}_unknown"]`` and ``obs[f"{key_added}_unknown_score"]``, from a model of
      a recipe on counts such as ``robust`` or ``"pbmc"``,
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
    layer, use_raw, total_key, force, probabilities, options
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
    require_adata(adata)
    if not isinstance(key_added, str) or key_added in ("", "_index") or "/" in key_added:
        raise ConfigError(f"key_added: {key_added!r} can name no column of obs; give another")
    own = [keys.predictions(name, key_added) for name in (keys.PREDICTED_LABEL, keys.PROBABILITY)]
    _refuse_columns(own, adata, key_added=key_added, overwrite=overwrite)  # before the work
    predictions = predict(
        adata, model, layer=layer, use_raw=use_raw, total_key=total_key, force=force,
        probabilities=probabilities, **options,
    )  # fmt: skip
    _write(predictions, adata, key_added=key_added, overwrite=overwrite)


def require_adata(adata: object) -> None:
    """Raise a ``ConfigError`` that says how to get an AnnData, where something else was given."""
    from anndata import AnnData

    if not isinstance(adata, AnnData):
        raise ConfigError(
            f"adata: {type(adata).__name__} was given; pass an AnnData, as sb.read_counts(path) "
            "returns it"
        )


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
    columns = {keys.predictions(str(name), key_added): _column(table[name]) for name in table}
    _refuse_columns(list(columns), adata, key_added=key_added, overwrite=overwrite)
    with warnings.catch_warnings():
        # A view becomes data of its own here, as scanpy's users expect.
        warnings.filterwarnings("ignore", message=".*view", category=UserWarning)
        adata.obs = adata.obs.assign(**columns)
    noted = adata.uns.get(keys.PREDICTIONS, {})
    adata.uns[keys.PREDICTIONS] = {**noted, key_added: predictions.card.note}


def _column(values: pd.Series) -> Any:
    """Return a column in the form that AnnData writes: texts as categories."""
    if values.dtype == object:
        return pd.Categorical(values)
    return values.array if isinstance(values.dtype, pd.BooleanDtype) else values.to_numpy()
