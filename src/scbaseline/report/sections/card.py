"""A model's card in; what the model is, and what is known of its accuracy, out."""

from collections.abc import Mapping
from typing import Any

from scbaseline.judge.metrics import METRICS
from scbaseline.model.card import ModelCard
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.words import source_in_words
from scbaseline.study.protocols import TIERS


def card_findings(card: ModelCard, *, detail: bool = False) -> tuple[Finding, ...]:
    """Return a model's card as a person reads it.

    Parameters
    ----------
    detail
        Whether it is for those who ask for more.
    """
    data, recipe = card.data, card.recipe
    steps = [f"{len(card.gene_symbols):,} genes"]
    steps += ["principal components"] if recipe.input == "pca" else []
    settings = "; ".join(f"{name} {_setting(value)}" for name, value in recipe.settings.items())
    lines = [
        ("recipe", f"{recipe.name}: {recipe.title}"),
        ("steps", " → ".join([*steps, f"{len(card.labels)} labels"])),
        ("settings", settings),
        ("labels", f"{', '.join(card.labels)} ({source_in_words(card.label_source)})"),
        ("trained on", _trained_on(data)),
        ("licence", data["licence"] or "not known"),
        ("fingerprint", data["fingerprint"]),
        ("evidence", f"{card.protocol}, {card.tier}: {TIERS.get(card.tier, 'tier not known')}"),
        ("judged on", card.judged),
        *(("note", note) for note in (data.get("notice", ""), *data.get("notes", ()), *card.notes)),
        ("made with", ", ".join(f"{name} {v}" for name, v in card.versions.items())),
    ]
    rows = tuple((Cell(name, faint=True), Cell(text)) for name, text in lines if text)
    scores = tuple(_score_row(row) for row in card.metrics if row["label"] is None)
    table = Table(("metric", "score", "cells"), scores, numbers=(2,))
    return (
        Finding("Model", table=Table(("", ""), rows), detail=detail),
        Finding("Scores on held-out cells", table=table, detail=detail),
        *_exam(card, detail=detail),
    )


def _exam(card: ModelCard, *, detail: bool) -> tuple[Finding, ...]:
    """Say what models made of cells of a label that they were never taught."""
    if not card.exam:
        return ()
    rows = tuple(
        (
            Cell(row["label"]),
            Cell(f"{row['n']:,}"),
            Cell(f"{row['auroc']:.2f}"),
            Cell(f"{100 * row['found']:.0f} %"),
            Cell(f"{row['looks_like']} ({100 * row['share']:.0f} %)"),
        )
        for row in card.exam
    )
    columns = ("label left out", "cells", "AUROC of\nunknown_score", "found at 10 %\nrejected",
               "most look like")  # fmt: skip
    sentence = (
        "Each label was left out of training once. Found: the share of its cells above the score "
        "that a tenth of known cells exceed."
    )
    table = Table(columns, rows, numbers=(1, 2, 3))
    return (Finding("If a label were unknown", (sentence,), table=table, detail=detail),)


def _trained_on(data: Mapping[str, Any]) -> str:
    return f"{data['title']}: {data['n_cells']:,} cells × {data['n_genes']:,} genes"


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _score_row(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    interval = "" if row["low"] is None else f"[{row['low']:.3f}, {row['high']:.3f}]"
    metric = METRICS.get(row["metric"])
    title = row["metric"].replace("_", " ") if metric is None else metric.title
    return Cell(title), Cell(f"{row['value']:.3f}", interval), Cell(f"{row['n']:,}")
