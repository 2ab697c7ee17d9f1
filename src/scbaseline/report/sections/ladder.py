"""An audit in; the scores of each protocol and recipe, one row each, out."""

from collections.abc import Iterable

from scbaseline.judge.metrics import METRICS
from scbaseline.learn.recipes import FLOOR, REFERENCE
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.scores import SHOWN, how_to_read, no_interval, tier_sentences
from scbaseline.report.sections.words import score_cell
from scbaseline.study.results import Audit

_Place = tuple[str, str]  # protocol, recipe


def ladder_findings(audit: Audit) -> tuple[Finding, ...]:
    """Return the table of all protocols; the other simple recipes stand in a table of details."""
    protocols = audit.evidence.protocols
    places = [(name, recipe) for name, p in protocols.items() for recipe in p.scorecards]
    first = [place for place in places if _is_first(audit, place)]
    scores = [protocols[name].scorecards[recipe].score(m) for name, recipe in first for m in SHOWN]
    sentences = [*how_to_read(scores), *no_interval(protocols.values(), SHOWN)]
    sentences += tier_sentences(p.tier for p in protocols.values())
    others = [place for place in places if place not in first]
    findings = [
        Finding(
            "How much of the accuracy is real", tuple(sentences), _table(audit, first),
            figure="how_much_is_real", detail=True,
        )
    ]  # fmt: skip
    if others:
        findings.append(Finding("Other recipes", table=_table(audit, others), detail=True))
    return tuple(findings)


def _is_first(audit: Audit, place: _Place) -> bool:
    """Whether a score is for every reader: on structureless counts, that of the reference."""
    name, recipe = place
    if audit.evidence.protocols[name].protocol.structureless:
        return recipe == REFERENCE
    return recipe in (*(audit.config.recipe or ()), REFERENCE, FLOOR)


def _table(audit: Audit, places: Iterable[_Place]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    before = ""
    for name, recipe in places:
        evidence = audit.evidence.protocols[name]
        head = f"{name}, {evidence.tier}" if name != before else ""
        scores = [evidence.scorecards[recipe].score(metric) for metric in SHOWN]
        asked_for = recipe in (audit.config.recipe or ())
        rows.append((Cell(head), Cell(recipe, faint=not asked_for), *map(score_cell, scores)))
        before = name
    titles = (METRICS[metric].title for metric in SHOWN)
    return Table(("protocol", "recipe", *titles), tuple(rows))
