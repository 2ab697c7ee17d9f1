"""An audit in; the figure "how much of the accuracy is real" out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scbaseline.judge.evidence import REFERENCE
from scbaseline.judge.metrics import METRICS
from scbaseline.report.layout import FAINT, INK, PALE, framed, look, place_legend
from scbaseline.study.ladder import Rung
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.verdicts import Audit

SHOWN = ("accuracy", "kappa")
"""Accuracy, as everybody knows it; kappa, which is 0 for guessing whatever the labels."""

_MAJORITY = "majority"


def ladder_figure(audit: Audit, *, footer: str = "") -> Figure:
    """Show each recipe under each protocol, with the majority and structureless counts below.

    Parameters
    ----------
    audit
        As :func:`scbaseline.audit_classifiers` returns it.
    footer
        What must be said of the data.
    """
    shown = (*audit.config.recipe, REFERENCE)
    protocols = [
        name
        for name in dict.fromkeys(rung.protocol for rung in audit.rungs)
        if not PROTOCOLS[name].structureless
    ]
    folds = f"{audit.config.folds} folds × {audit.config.repeats} repeats"
    if audit.n_group_folds < audit.config.folds:
        folds += f" ({audit.n_group_folds} folds under group)"
    n = max((rung.n_cells for rung in audit.rungs), default=0)
    figure = framed(
        4.4,
        title="How much of the accuracy is real",
        subtitle=f"Out-of-fold predictions of {n:,} cells, {folds}, labels: "
        f"{audit.labels.source}. Bars: 95 % intervals; small dots beside them: single repeats.",
        footer=footer,
        legend_room=0.3,
    )
    axes = figure.subplots(1, len(SHOWN), squeeze=False)[0]
    for ax, metric in zip(axes, SHOWN, strict=True):
        _panel(ax, audit, metric, protocols=protocols, shown=shown)
    handles, labels = axes[0].get_legend_handles_labels()
    place_legend(figure, handles, labels)
    return figure


def _panel(
    ax: Axes, audit: Audit, metric: str, *, protocols: Sequence[str], shown: Sequence[str]
) -> None:
    ax.set_title(METRICS[metric].title, loc="left", size=11, color=INK)
    places = np.linspace(-0.26, 0.26, len(shown)) if len(shown) > 1 else np.zeros(1)
    for column, protocol in enumerate(protocols):
        ax.axvspan(column - 0.4, column + 0.4, color=PALE, alpha=0.25, lw=0, zorder=0)
        majority = audit.rung(protocol, _MAJORITY, metric)
        null = audit.rung(f"null-{protocol}", REFERENCE, metric)
        for rung, words, style in (
            (majority, "always the largest label", ":"),
            (null, f"{REFERENCE} on structureless counts", "--"),
        ):
            if rung is not None:
                ax.plot(
                    [column - 0.4, column + 0.4], [rung.value] * 2, color=FAINT, ls=style, lw=1.4,
                    label=words if column == 0 else None, gid=f"{rung.protocol}-{rung.classifier}",
                )  # fmt: skip
        for code, (classifier, place) in enumerate(zip(shown, places, strict=True)):
            found = audit.rung(protocol, classifier, metric)
            if found is not None:
                _dot(ax, found, column + place, code, label=classifier if column == 0 else None)
    names = []
    for protocol in protocols:
        tier = next(rung.tier for rung in audit.rungs if rung.protocol == protocol)
        names.append(f"{protocol}\n{tier}")
    ax.set_xticks(range(len(protocols)), names, color=INK, size=9)
    ax.set_xlim(-0.5, len(protocols) - 0.5)
    ax.set_ylim(min(0.0, ax.get_ylim()[0]), 1.0)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set_color(FAINT)
    ax.tick_params(colors=FAINT, labelcolor=INK, labelsize=9)
    ax.tick_params(axis="x", length=0)


def _dot(ax: Axes, rung: Rung, x: float, code: int, *, label: str | None) -> None:
    colour, marker = look(code)[0], ("o", "s", "^", "D", "v", "P")[code % 6]
    ax.plot([x + 0.05] * len(rung.repeats), rung.repeats, ".", ms=3, color=colour, alpha=0.6)
    if rung.low is not None and rung.high is not None:
        # Wider than the marker is high, since the interval may be shorter than the marker.
        ax.errorbar(
            x, rung.value, yerr=[[rung.value - rung.low], [rung.high - rung.value]], fmt="none",
            ecolor=colour, elinewidth=1.4, capsize=5, capthick=1.4,
        )  # fmt: skip
    ax.plot(
        [x], [rung.value], marker, ms=4, color=colour, label=label,
        gid=f"{rung.protocol}-{rung.classifier}",
    )  # fmt: skip
