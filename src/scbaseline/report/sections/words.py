"""Numbers and lists in; words and cells of a table out: what all sections share."""

from collections.abc import Iterable, Sequence
from functools import partial

from scbaseline.judge.scores import Score
from scbaseline.report.finding import Cell
from scbaseline.study.protocols import CLUSTERS

faint = partial(Cell, faint=True)
"""Makes a cell of less weight."""


def counted(n: int, noun: str) -> str:
    """Return a number with its noun: ``1 draw``, ``3 draws``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def joined(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def over_draws(values: Sequence[float], *, digits: int = 3) -> str:
    """Return the mean of several draws, with their number and, of more than one, their range."""
    mean = f"{sum(values) / len(values):.{digits}f}"
    n_draws = counted(len(values), "draw")
    if len(values) == 1:
        return f"{mean} ({n_draws})"
    return f"{mean} ({n_draws}: {min(values):.{digits}f} to {max(values):.{digits}f})"


def source_in_words(source: str) -> str:
    """Return where labels come from: ``Leiden clusters``, ``column cell_type``, or as given."""
    kind, _, column = source.partition(":")
    words = {CLUSTERS: "Leiden clusters", "given": f"column {column}"}
    return words.get(source, words.get(kind, source))


def percent(share: float, *, digits: int = 1) -> str:
    """Return a share as biologists read it: ``88.7 %``."""
    return f"{100 * share:.{digits}f} %"


def percent_interval(score: Score) -> str:
    """Return a score's interval, if it has one: `` [84.6–90.5]``."""
    if score.low is None or score.high is None:
        return ""
    return f" [{100 * score.low:.1f}–{100 * score.high:.1f}]"


def score_cell(score: Score | None) -> Cell:
    """Return a score with its interval, or else with the range of its repeats, if they differ."""
    if score is None:
        return Cell("–")
    beside = ""
    if score.low is not None:
        beside = f"[{score.low:.3f}, {score.high:.3f}]"
    else:
        low, high = f"{min(score.repeats):.3f}", f"{max(score.repeats):.3f}"
        beside = "" if low == high else f"({low}–{high})"
    return Cell(f"{score.value:.3f}", beside)


def reasons(why_of: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Collect what has the same reason: each reason once, with the names that it holds for."""
    names: dict[str, dict[str, None]] = {}
    for name, why in why_of:
        names.setdefault(why, {})[name] = None
    return [(why, list(of_reason)) for why, of_reason in names.items()]
