"""How far a query's labels may be doubted in; a table of it, and a loud line if need be, out."""

from scbaseline.learn.recipes import RECIPES
from scbaseline.model.doubt import LabelDoubt, QueryDoubt
from scbaseline.model.query import LabelledQuery
from scbaseline.model.smooth import MIN_CELLS
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.words import percent

_WITH_SCORE = ", ".join(recipe.name for recipe in RECIPES.values() if recipe.input == "counts")
_WITHOUT_SCORE = f"This recipe has no unknown score; for one, train with --recipe {_WITH_SCORE}."


def loud_line(doubt: QueryDoubt) -> str:
    """Return what nobody must miss of a query, or nothing."""
    if not doubt.looks_unlike:
        return ""
    if doubt.verdict is None:
        why = "the probabilities are lower than chance explains, and far more cells are below .5"
    else:
        why = "most cells score as unlike the training cells, and no threshold can be trusted"
    return (
        f"This query looks unlike the training cells: {why}. Do not use its labels before you "
        "have checked the gene names, the organism, the tissue and marker genes."
    )


def doubt_findings(predictions: LabelledQuery) -> tuple[Finding, ...]:
    """Say how sure the model is of a query: of each label, of each sample, after smoothing.

    Parameters
    ----------
    predictions
        As :func:`scbaseline.model.query.predict_query` gives them.
    """
    findings = [_by_label(predictions.doubt)]
    if predictions.doubt.samples:
        findings.append(_by_sample(predictions.doubt))
    if predictions.n_moved is not None:
        findings.append(_smoothed(predictions))
    return tuple(findings)


def _by_label(doubt: QueryDoubt) -> Finding:
    """Say, for each predicted label, how sure the model is, beside held-out training cells."""
    has_unknown = doubt.verdict is not None
    columns = (
        "predicted label", "cells", "median\nprobability", "held-out\nmedian",
        "below .5", "held-out\nbelow .5", *(("unknown",) if has_unknown else ()),
    )  # fmt: skip
    rows = tuple(_row(label, has_unknown=has_unknown) for label in doubt.labels)
    sentences = ["Held-out: cells of the training data, labelled by a fit that had not seen them."]
    rejected = percent(doubt.reject_known, digits=0)
    match doubt.verdict:
        case "home":
            sentences.append(
                f"A cell is called unknown above the score that {rejected} of "
                "held-out cells exceed. Its predicted label stays as it is."
            )
        case "abroad":
            sentences.append(
                "The whole query scores higher than held-out cells, as cells of another "
                "laboratory may. A cell is called unknown above the score that "
                f"{rejected} of held-out cells exceed after such a change."
            )
        case "rank" if doubt.share_of_genes < 0.1:
            sentences.append(
                "With fewer than a tenth of the model's genes, no cell is called unknown or known. "
                "Are the genes of the same organism, and named in the same way?"
            )
        case "rank":
            sentences.append(
                "The whole query scores higher than another laboratory explains. So no cell is "
                "called unknown or known; sort by unknown_score and look at the highest first."
            )
        case "unlike":
            sentences.append("No cell is called unknown or known: the scores cannot tell them.")
        case None:
            sentences.append(_WITHOUT_SCORE)
    table = Table(columns, rows, numbers=tuple(range(1, len(columns))))
    return Finding("How sure the model is of these cells", tuple(sentences), table=table)


_MOST_SAMPLES, _FEWEST_CELLS = 50, 20
_WORDS = {
    "home": "like held-out cells", "abroad": "like those of another laboratory",
    "rank": "shifted: only the order of the scores counts", "unlike": "UNLIKE the training cells",
}  # fmt: skip


def _by_sample(doubt: QueryDoubt) -> Finding:
    rows, sentences = [], []
    shown = list(doubt.samples.items())[:_MOST_SAMPLES]
    if len(shown) < len(doubt.samples):
        sentences.append(f"{len(doubt.samples) - len(shown):,} more samples: see --json.")
    if without := doubt.n_cells - sum(sample.n_cells for sample in doubt.samples.values()):
        sentences.append(f"{without:,} cells name no sample.")
    for name, sample in shown:
        n = max(sample.n_cells, 1)
        below = sum(label.below_half * label.n for label in sample.labels) / n
        unknown = None
        if sample.threshold is not None:
            unknown = sum((label.unknown or 0.0) * label.n for label in sample.labels) / n
        words = _WORDS[sample.verdict] if sample.verdict else ""
        if sample.verdict is None and sample.looks_unlike:
            words = _WORDS["unlike"]
        if sample.n_cells < _FEWEST_CELLS:
            words = f"too few to tell (fewer than {_FEWEST_CELLS})"
        texts = (name, f"{sample.n_cells:,}", _percent(below), _percent(unknown), words)
        rows.append(tuple(Cell(text) for text in texts))
    columns = ("sample", "cells", "below .5", "unknown", "its cells are")
    table = Table(columns, tuple(rows), numbers=(1,))
    return Finding("How sure it is of each sample", tuple(sentences), table=table)


def _smoothed(predictions: LabelledQuery) -> Finding:
    rare = [label.label for label in predictions.doubt.labels if label.n < MIN_CELLS]
    sentences = [
        f"{predictions.n_moved:,} cells have another smoothed_label than predicted_label.",
        "It leans on the query's own neighbours: read it beside the predicted label.",
    ]
    if rare:
        sentences.append(
            f"Not smoothed, since fewer than {MIN_CELLS} cells got the label: {', '.join(rare)}."
        )
    return Finding("Smoothed labels", tuple(sentences))


def _row(label: LabelDoubt, *, has_unknown: bool) -> tuple[Cell, ...]:
    cells = (
        label.label,
        f"{label.n:,}",
        f"{label.median_probability:.2f}",
        "–" if label.held_out_median is None else f"{label.held_out_median:.2f}",
        _percent(label.below_half),
        _percent(label.held_out_below_half),
        *((_percent(label.unknown),) if has_unknown else ()),
    )
    return tuple(Cell(text) for text in cells)


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)
