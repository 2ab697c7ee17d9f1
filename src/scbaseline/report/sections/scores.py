"""Evidence in; the scores of each recipe under each protocol, and how to read them, out."""

from collections.abc import Iterable, Sequence

from scbaseline.judge.intervals import MIN_CELLS
from scbaseline.judge.metrics import LEVEL, METRICS
from scbaseline.judge.scores import Score, Scorecard
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.words import joined, reasons, score_cell
from scbaseline.study.evidence import Evidence, ProtocolEvidence
from scbaseline.study.protocols import TIERS

SHOWN = ("accuracy", "kappa", "f1_macro")
"""The metrics of a table: accuracy; κ, which is 0 for guessing; and macro-F1, the mean over
labels, in which each label has the same weight however many test cells it has."""


def scores_finding(evidence: Evidence, *, recipes: Sequence[str]) -> Finding:
    """Return the table of recipe × protocol, each score with its interval or its range, and tier.

    Parameters
    ----------
    recipes
        Those that were asked for; the others stand beside them.
    """
    protocols = tuple(evidence.protocols.values())
    rows = []
    for recipe in protocols[0].scorecards:
        for metric in SHOWN:
            name = recipe if metric == SHOWN[0] else ""
            cells = [score_cell(p.scorecards[recipe].score(metric)) for p in protocols]
            title = METRICS[metric].title
            rows.append((Cell(name, faint=recipe not in recipes), Cell(title), *cells))
    columns = ("recipe", "", *map(_heading, protocols))
    shown = [card.score(m) for p in protocols for card in p.scorecards.values() for m in SHOWN]
    sentences = [*how_to_read(shown), *no_interval(protocols, SHOWN)]
    sentences += few_cells(next(iter(protocols[0].scorecards.values())))
    sentences += tier_sentences(protocol.tier for protocol in protocols)
    if len(protocols) > 1:
        sentences += [p.protocol.beside for p in protocols if p.protocol.beside]
    return Finding(
        "Scores on held-out cells", tuple(sentences), Table(columns, tuple(rows)),
        figure="confusion_matrix", detail=True,
    )  # fmt: skip


def how_to_read(scores: Iterable[Score]) -> list[str]:
    """Say what the brackets beside scores are about."""
    scores = tuple(scores)
    about = dict.fromkeys(score.about for score in scores if score.low is not None)
    sentences = [f"[low, high]: {LEVEL:.0f} % bootstrap interval, {what}." for what in about]
    if any(score.low is None and len(score.repeats) > 1 for score in scores):
        sentences.append(
            "(lowest–highest): over draws of the counts, or over repeats; the score before it is "
            "their mean."
        )
    return sentences


def no_interval(protocols: Iterable[ProtocolEvidence], metrics: Sequence[str]) -> list[str]:
    """Say why scores on unseen groups have no interval, where they have none."""
    sentences = []
    for evidence in protocols:
        if evidence.protocol.tests_on != "groups":
            continue
        (scorecard, *_) = evidence.scorecards.values()
        scores = [scorecard.score(metric) for metric in metrics]
        missing = [(METRICS[s.metric].title, s.about) for s in scores if s.low is None]
        sentences += [
            f"{evidence.protocol.name}: no interval for {joined(titles)}: {why}."
            for why, titles in reasons(missing)
        ]
    return sentences


def few_cells(scorecard: Scorecard) -> list[str]:
    """Name the labels with so few test cells that macro-F1 is unsteady, if there are any."""
    supports = [score for score in scorecard.scores if score.metric == "support"]
    few = [f"{s.label} has {s.n}" for s in supports if 0 < s.n < MIN_CELLS]
    if not few:
        return []
    return [f"Labels with few test cells make macro-F1 unsteady: label {', '.join(few)}."]


def tier_sentences(tiers: Iterable[str]) -> list[str]:
    """Say what each tier of evidence means."""
    return [f"{tier}: {TIERS[tier]}." for tier in dict.fromkeys(tiers)]


def _heading(evidence: ProtocolEvidence) -> str:
    score = next(iter(evidence.scorecards.values())).score("accuracy")
    n_draws = len(score.repeats)
    tested = (
        f"n = {score.n:,} test cells" if n_draws == 1 else f"{n_draws} × {score.n:,} test cells"
    )
    head = f"{evidence.protocol.name}, {evidence.tier}"
    return f"{head}\n{tested}\n{evidence.n_train:,.0f} training cells"
