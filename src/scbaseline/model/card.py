"""The model card: what a person and a program must know of a model, as JSON in its file."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from scbaseline.learn.recipes import Recipe
from scbaseline.model.card_types import require_types

FORMAT_VERSION = 4

_TUPLES = (
    "labels", "gene_symbols", "gene_ids", "metrics", "gene_loss", "held_out_doubt", "exam", "notes"
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class ModelCard:
    """What a person and a program must know of a model before they use it.

    Attributes
    ----------
    recipe
        The recipe that was trained.
    labels
        The k labels that it can predict.
    label_source
        ``"clusters"`` or ``"given:<column>"``.
    gene_symbols, gene_ids
        Its genes; an id is empty where the training data had none.
    protocol, tier
        How its metrics were obtained, and their tier of evidence.
    judged
        On which cells: the model's own test cells, or those of a cross-validation.
    metrics
        Rows as in ``metrics.json``.
    data
        The training data: name, fingerprint, licence, citation, numbers of cells.
    config
        The settings that made it.
    versions
        The packages that made it.
    tensors_sha256
        Of the tensors beside the card; filled in when the file is written.
    gene_loss
        How macro-F1 fell on validation cells as genes were taken away; see
        :func:`scbaseline.model.coverage.measure_gene_loss`.
    majority_f1
        Macro-F1 on these cells of giving all of them the largest label.
    held_out_doubt
        Probabilities of validation cells, by predicted label; see
        :func:`scbaseline.model.doubt.held_out_doubt`.
    exam
        What models that were never taught a label made of its cells, a row for each; empty
        where nobody asked. See :func:`scbaseline.study.exam.leave_one_label_out`.
    notes
        What had to differ from the settings, and other things to know.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> classifier = sb.train(adata, **settings).classifier
    >>> card = classifier.card
    >>> card.recipe.name, len(card.gene_symbols), card.tier
    ('nearest-centroid', 765, 'T1')
    """

    recipe: Recipe
    labels: tuple[str, ...]
    label_source: str
    gene_symbols: tuple[str, ...]
    gene_ids: tuple[str, ...]
    protocol: str
    tier: str
    judged: str
    metrics: tuple[dict[str, Any], ...]
    data: dict[str, Any]
    config: dict[str, Any]
    versions: dict[str, str]
    kept_epoch: int
    gene_loss: tuple[dict[str, Any], ...] = ()
    majority_f1: float = 0.0
    held_out_doubt: tuple[dict[str, Any], ...] = ()
    exam: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    tensors_sha256: str = ""
    format_version: int = field(default=FORMAT_VERSION)

    def __repr__(self) -> str:
        what = f"{len(self.labels)} labels ({self.label_source}), {len(self.gene_symbols):,} genes"
        return f"ModelCard({self.recipe.name} of {self.data['title']}: {what})"

    @property
    def genes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Symbols and ids of the model's genes."""
        return self.gene_symbols, self.gene_ids

    @property
    def note(self) -> dict[str, str]:
        """What predictions note of their model: recipe, training data and hash."""
        return {
            "recipe": self.recipe.name,
            "trained_on": str(self.data["title"]),
            "sha256": self.tensors_sha256,
        }

    def to_json(self) -> str:
        """Return the card as JSON, the same text for the same card."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a card.

        Raises
        ------
        ValueError, TypeError, KeyError
            The text is no card of this format.
        """
        try:
            values = json.loads(text)
        except RecursionError as error:
            raise ValueError("its card is nested too deeply") from error
        require_types(values)
        version = values["format_version"]
        if version != FORMAT_VERSION:
            raise ValueError(
                f"its format is {version!r}, and this version reads {FORMAT_VERSION}: train it "
                "anew with `scbaseline train`, from the data that its card names"
            )
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        values["recipe"] = _recipe(values["recipe"])
        for name in _TUPLES:
            values[name] = tuple(values[name])
        return cls(**values)


def _recipe(values: dict[str, Any]) -> Recipe:
    """Return the recipe that a card describes; lists become the tuples that they were."""
    known = {f.name for f in fields(Recipe)}
    values = {name: value for name, value in dict(values).items() if name in known}
    values["settings"] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values["settings"].items()
    }
    return Recipe(**values)
