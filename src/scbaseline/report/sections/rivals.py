"""A training in; how the recipe that is saved does beside simple ones on poorer counts, out."""

from collections.abc import Sequence

from scbaseline.judge.compare import MIN_TESTS, Difference
from scbaseline.judge.metrics import METRICS
from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.sections.words import joined, score_cell
from scbaseline.study.results import Training
from scbaseline.study.rivals import AS_THEY_ARE, COMPARED, ViewEvidence

_HOME = "on the cells as they are"
_UNCLEAR = "not told apart"
_SMALL = 0.02  # a difference that few would choose a model by


def rival_findings(training: Training) -> tuple[Finding, ...]:
    """Return the scores in each view, and which recipe is ahead where; nothing from disk."""
    views = training.views
    if not views:
        return ()
    saved, *rivals = views[0].evidence.scorecards
    rows = tuple(
        (
            Cell(recipe if metric == COMPARED[0] else "", faint=recipe != saved),
            Cell(METRICS[metric].title),
            *(score_cell(view.evidence.scorecards[recipe].score(metric)) for view in views),
        )
        for recipe in (saved, *rivals)
        for metric in COMPARED
    )
    columns = ("recipe", "", *(view.name for view in views))
    sentences = (
        (
            f"The same {views[0].evidence.scorecards[saved].score('accuracy').n:,} held-out cells, "
            f"{joined([AS_THEY_ARE, *(f'with {view.name}' for view in views[1:])])}: drawn at "
            "random, the same for all recipes."
        ),
        *(_standing(views, rival) for rival in rivals),
        _how_it_is_judged(views[0].differences),
        _how_many(views),
        "To save another recipe instead, type the same command with "
        + " or ".join(f"--recipe {rival}" for rival in rivals)
        + ".",
    )
    title = f"{saved} beside other recipes on poorer counts"
    return (Finding(title, sentences, Table(columns, rows)),)


def _standing(views: Sequence[ViewEvidence], rival: str) -> str:
    """Say where the saved recipe is ahead of a simple one, level with it, or behind it."""
    parts = []
    for metric in COMPARED:
        words: dict[str, list[str]] = {}
        for view in views:
            (found,) = (d for d in view.differences if d.reference == rival and d.metric == metric)
            where = _HOME if view.name == AS_THEY_ARE else f"with {view.name}"
            words.setdefault(_word(found), []).append(where)
        said = ", ".join(f"{word} {joined(where)}" for word, where in words.items())
        parts.append(f"in {METRICS[metric].title} {said}")
    saved = views[0].differences[0].name
    return f"{saved} against {rival}: {'; '.join(parts)}."


def _word(found: Difference) -> str:
    if found.n_tests < MIN_TESTS and found.value:
        return _UNCLEAR
    # Without an interval, each set of test cells gives the same difference.
    low, high = (found.value if bound is None else bound for bound in (found.low, found.high))
    if low > 0:
        return "ahead"
    if high < 0:
        return "behind"
    return "level" if abs(found.value) < _SMALL else _UNCLEAR


def _how_it_is_judged(differences: Sequence[Difference]) -> str:
    n_tests = differences[0].n_tests
    if n_tests < MIN_TESTS:
        return f"{n_tests} sets of test cells are too few to tell recipes apart; three are needed."
    return (
        f"Ahead or behind: over {n_tests} sets of test cells, the 95 % interval of the difference "
        f"does not contain 0. Level: it contains 0, and the difference is below {_SMALL}. Not told "
        f"apart: it contains 0, but the difference is {_SMALL} or more."
    )


def _how_many(views: Sequence[ViewEvidence]) -> str:
    n = sum(len(view.differences) for view in views)
    return (
        f"These are {n} comparisons from one cross-validation, and chance may decide some. If you "
        "choose a recipe by this table, its scores here are too high for it."
    )
