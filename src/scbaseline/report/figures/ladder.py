"""An audit's evidence in; the figure "how much of the accuracy is real" out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbaseline.config import RunConfig
from scbaseline.judge.metrics import METRICS
from scbaseline.judge.scores import Score
from scbaseline.learn.recipes import FLOOR, RECIPES, REFERENCE
from scbaseline.report.figures.layout import FAINT, INK, PALE, framed, look, place_legend
from scbaseline.study.evidence import Evidence
from scbaseline.study.protocols import null_of

SHOWN = ("accuracy", "kappa")
"""Accuracy, as everybody knows it; kappa, which is 0 for guessing whatever the labels."""


def ladder_figure(
    evidence: Evidence, config: RunConfig, *, label_source: str, footer: str = ""
) -> Figure:
    """Show each recipe under each protocol, with the floor and structureless counts below.

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
    shown = tuple(dict.fromkeys((*(config.recipe or ()), REFERENCE)))
    names = [name for name, p in evidence.protocols.items() if not p.protocol.structureless]
    scores = [evidence.score(name, REFERENCE, "accuracy") for name in names]
    n = max((score.n for score in scores if score is not None), default=0)
    repeats = "1 repeat" if config.repeats == 1 else f"{config.repeats} repeats"
    figure = framed(
        4.4,
        title="How much of the accuracy is real",
        subtitle=f"Out-of-fold predictions of {n:,} cells, {config.folds} folds × {repeats}"
        f"{_fewer_folds(evidence, config)}, labels: {label_source}. "
        "Bars: 95 % intervals; small dots beside them: single repeats.",
        footer=footer,
        legend_room=0.3,
    )
    axes = figure.subplots(1, len(SHOWN), squeeze=False)[0]
    for ax, metric in zip(axes, SHOWN, strict=True):
        _panel(ax, evidence, metric, protocols=names, shown=shown)
    handles, labels = axes[0].get_legend_handles_labels()
    place_legend(figure, handles, labels)
    return figure


def _fewer_folds(evidence: Evidence, config: RunConfig) -> str:
    """Name the protocol that has fewer folds than the others, since there are few groups."""
    for name, of_protocol in evidence.protocols.items():
        if of_protocol.protocol.tests_on == "groups" and of_protocol.n_folds < config.folds:
            return f" ({of_protocol.n_folds} folds under {name})"
    return ""


def _panel(
    ax: Axes, evidence: Evidence, metric: str, *, protocols: Sequence[str], shown: Sequence[str]
) -> None:
    ax.set_title(METRICS[metric].title, loc="left", size=11, color=INK)
    places = np.linspace(-0.26, 0.26, len(shown)) if len(shown) > 1 else np.zeros(1)
    for column, protocol in enumerate(protocols):
        ax.axvspan(column - 0.4, column + 0.4, color=PALE, alpha=0.25, lw=0, zorder=0)
        null = null_of(evidence.protocols[protocol].protocol)
        for name, recipe, words, style in (
            (protocol, FLOOR, RECIPES[FLOOR].title, ":"),
            ("" if null is None else null.name, REFERENCE,
             f"{REFERENCE} on structureless counts", "--"),
        ):  # fmt: skip
            score = evidence.score(name, recipe, metric)
            if score is not None:
                ax.plot(
                    [column - 0.4, column + 0.4], [score.value] * 2, color=FAINT, ls=style, lw=1.4,
                    label=words if column == 0 else None, gid=f"{name}-{recipe}",
                )  # fmt: skip
        for code, (recipe, place) in enumerate(zip(shown, places, strict=True)):
            score = evidence.score(protocol, recipe, metric)
            if score is not None:
                label = recipe if column == 0 else None
                _dot(ax, score, column + place, code, label=label, gid=f"{protocol}-{recipe}")
    names = [f"{protocol}\n{evidence.protocols[protocol].tier}" for protocol in protocols]
    ax.set_xticks(range(len(protocols)), names, color=INK, size=9)
    ax.set_xlim(-0.5, len(protocols) - 0.5)
    ax.set_ylim(min(0.0, ax.get_ylim()[0]), 1.0)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set_color(FAINT)
    ax.tick_params(colors=FAINT, labelcolor=INK, labelsize=9)
    ax.tick_params(axis="x", length=0)


def _dot(ax: Axes, score: Score, x: float, code: int, *, label: str | None, gid: str) -> None:
    colour, marker = look(code)[0], ("o", "s", "^", "D", "v", "P")[code % 6]
    ax.plot([x + 0.05] * len(score.repeats), score.repeats, ".", ms=3, color=colour, alpha=0.6)
    if score.low is not None and score.high is not None:
        # Wider than the marker is high, since the interval may be shorter than the marker.
        ax.errorbar(
            x, score.value, yerr=[[score.value - score.low], [score.high - score.value]],
            fmt="none", ecolor=colour, elinewidth=1.4, capsize=5, capthick=1.4,
        )  # fmt: skip
    ax.plot([x], [score.value], marker, ms=4, color=colour, label=label, gid=gid)
