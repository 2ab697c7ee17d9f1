"""An audit's evidence in; the figure "how much of the accuracy is real" out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scbaseline.colours import FAINT, INK, PALE, look
from scbaseline.config import RunConfig
from scbaseline.judge.scores import Score
from scbaseline.learn.recipes import FLOOR, RECIPES, REFERENCE
from scbaseline.report.figures.layout import framed, place_legend
from scbaseline.report.sections.conclusion import fall, falls, recipe_of
from scbaseline.report.sections.inflation import double_dipping
from scbaseline.report.sections.words import percent
from scbaseline.study.evidence import Evidence
from scbaseline.study.protocols import null_of

_METRIC = "accuracy"


def ladder_figure(
    evidence: Evidence, config: RunConfig, *, label_source: str, footer: str = ""
) -> Figure:
    """Show how the accuracy falls as the evidence gets stronger; the title is the finding.

    Below each recipe stand what naming the largest label reaches, and what structureless counts
    do. Controls have no column of their own.

    Parameters
    ----------
    evidence
        Of an audit.
    config
        ``recipe``, ``folds``, ``repeats``.
    label_source
        Where the labels come from.
    footer
        What must be said of the data.
    """
    recipe = recipe_of(config.recipe or ())
    shown = tuple(dict.fromkeys((*(config.recipe or ()), REFERENCE)))
    names = [name for name, p in evidence.protocols.items() if p.protocol.plain]
    scores = [evidence.score(name, REFERENCE, _METRIC) for name in names]
    n = max((score.n for score in scores if score is not None), default=0)
    repeats = "1 repeat" if config.repeats == 1 else f"{config.repeats} repeats"
    figure = framed(
        4.6,
        title=_finding(evidence, recipe),
        subtitle=" ".join(double_dipping(evidence))
        + f"\nOut-of-fold predictions of {n:,} cells, {config.folds} folds × {repeats}"
        f"{_fewer_folds(evidence, config)}, labels: {label_source}. "
        "Bars: 95 % intervals; small dots: single repeats.",
        footer=footer,
        legend_room=0.3,
    )
    ax = figure.subplots()
    _draw(ax, evidence, protocols=names, shown=shown)
    _mark_fall(ax, evidence, recipe, column=len(names) - 1)
    place_legend(figure, *ax.get_legend_handles_labels())
    return figure


def _finding(evidence: Evidence, recipe: str) -> str:
    """Say what the figure shows."""
    ends = fall(evidence, recipe=recipe)
    if ends is None:
        return "How much of the accuracy is real"
    (_, first), (strict, last) = ends
    how = strict.axis.replace("\n", " ")
    if falls(first, last):
        return f"Accuracy falls from {percent(first.value)} to {percent(last.value)}: {how}"
    return f"The accuracy does not fall: {how}"


def _fewer_folds(evidence: Evidence, config: RunConfig) -> str:
    """Name the protocol that has fewer folds than the others, since there are few groups."""
    for name, of_protocol in evidence.protocols.items():
        if of_protocol.protocol.tests_on == "groups" and of_protocol.n_folds < config.folds:
            return f" ({of_protocol.n_folds} folds under {name})"
    return ""


def _draw(ax: Axes, evidence: Evidence, *, protocols: Sequence[str], shown: Sequence[str]) -> None:
    places = np.linspace(-0.26, 0.26, len(shown)) if len(shown) > 1 else np.zeros(1)
    named: set[str] = set()
    at: dict[str, list[tuple[float, float]]] = {recipe: [] for recipe in shown}
    for column, protocol in enumerate(protocols):
        ax.axvspan(column - 0.4, column + 0.4, color=PALE, alpha=0.25, lw=0, zorder=0)
        null = null_of(evidence.protocols[protocol].protocol)
        for name, recipe, words, style in (
            (protocol, FLOOR, RECIPES[FLOOR].title, ":"),
            ("" if null is None else null.name, REFERENCE,
             f"{REFERENCE} on structureless counts", "--"),
        ):  # fmt: skip
            score = evidence.score(name, recipe, _METRIC)
            if score is not None:
                ax.plot(
                    [column - 0.4, column + 0.4], [score.value] * 2, color=FAINT, ls=style, lw=1.4,
                    label=None if words in named else words, gid=f"{name}-{recipe}",
                )  # fmt: skip
                named.add(words)
        for code, (recipe, place) in enumerate(zip(shown, places, strict=True)):
            score = evidence.score(protocol, recipe, _METRIC)
            if score is not None:
                at[recipe].append((column + place, score.value))
                label = recipe if column == 0 else None
                _dot(ax, score, column + place, code, label=label, gid=f"{protocol}-{recipe}")
    for code, path in enumerate(at.values()):
        ax.plot(*zip(*path, strict=True), color=look(code)[0], lw=1, alpha=0.5, zorder=1)
    ticks = [
        f"{evidence.protocols[p].protocol.axis}\n({p}, {evidence.protocols[p].tier})"
        for p in protocols
    ]
    ax.set_xticks(range(len(protocols)), ticks, color=INK, size=10)
    ax.set_xlim(-0.5, len(protocols) - 0.25)  # with room for words beside the last column
    ax.set_ylim(0.0, 1.0)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.set_ylabel("accuracy", color=INK)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set_color(FAINT)
    ax.tick_params(colors=FAINT, labelcolor=INK, labelsize=9)
    ax.tick_params(axis="x", length=0)


def _mark_fall(ax: Axes, evidence: Evidence, recipe: str, *, column: int) -> None:
    """Draw an arrow from the first accuracy to the last, with the percentage points lost."""
    ends = fall(evidence, recipe=recipe)
    if ends is None or not falls(ends[0][1], ends[1][1]):
        return
    first, last = (score.value for _, score in ends)
    x = column + 0.42
    ax.plot([-0.4, x], [first, first], color=FAINT, lw=0.6, zorder=0.5)
    ax.annotate(
        "", (x, last), (x, first), gid="fall",
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.8, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    ax.annotate(
        f"−{100 * (first - last):.1f} points\n({recipe})", (x, (first + last) / 2), xytext=(6, 0),
        textcoords="offset points", ha="left", va="center", size=11, weight="bold", color=INK,
    )  # fmt: skip


def _dot(ax: Axes, score: Score, x: float, code: int, *, label: str | None, gid: str) -> None:
    colour, marker = look(code)[0], ("o", "s", "^", "D", "v", "P")[code % 6]
    ax.plot([x + 0.05] * len(score.repeats), score.repeats, ".", ms=3, color=colour, alpha=0.6)
    if score.low is not None and score.high is not None:
        # Wider than the marker is high, since the interval may be shorter than the marker.
        ax.errorbar(
            x, score.value, yerr=[[score.value - score.low], [score.high - score.value]],
            fmt="none", ecolor=colour, elinewidth=1.4, capsize=5, capthick=1.4,
        )  # fmt: skip
    ax.plot([x], [score.value], marker, ms=5, color=colour, label=label, gid=gid)
