"""Scorecards of one recipe in; a figure of its confusion matrices out."""

from matplotlib.figure import Figure

from scbaseline.colours import INK
from scbaseline.judge.metrics import LEVEL
from scbaseline.judge.scores import Score, Scorecard
from scbaseline.report.figures.layout import WIDTH, framed, shortened, text_width
from scbaseline.report.figures.panels import SHORT, matrix
from scbaseline.report.sections.words import percent, percent_interval
from scbaseline.study.protocols import TIERS


def confusion_figure(
    scorecards: dict[str, Scorecard],
    *,
    recipe: str,
    tiers: dict[str, str],
    notice: str = "",
    footer: str = "",
) -> Figure:
    """Show a recipe's confusion matrices, one panel per protocol.

    Parameters
    ----------
    scorecards
        Protocol → how the recipe did under it.
    tiers
        Protocol → the tier of evidence that it reaches.
    notice
        What must be read before the numbers.
    """
    k = max(len(scorecard.labels) for scorecard in scorecards.values())
    names = {shortened(name) for card in scorecards.values() for name in card.labels}
    longest = max(text_width(name, 9.0) for name in names)
    n_columns = len(scorecards) if len(scorecards) < 4 else 2
    n_rows = -(-len(scorecards) // n_columns)
    alike = len({scorecard.labels for scorecard in scorecards.values()}) == 1
    # In inches: the panels fill the width, until counts in so many cells could not be read.
    beside = longest * (1 if alike else n_columns) + 1.6
    side = max(3.0, 0.25 * k, min(4.5, (WIDTH - beside) / n_columns - 0.2))
    figure = framed(
        n_rows * (side + 1.25 + (0.7 * longest if longest > SHORT else 0.1)),
        width=n_columns * (side + 0.2) + beside,
        title=f"{recipe}: true and predicted labels of the test cells",
        subtitle="\n".join(filter(None, [notice, _evidence(scorecards, tiers)])),
        footer=footer,
        compress=True,
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for place, (protocol, scorecard) in enumerate(scorecards.items()):
        ax = axes.flat[place]
        accuracy, kappa = scorecard.score("accuracy"), scorecard.score("kappa")
        ax.set_title(
            f"{protocol}, tier {tiers[protocol]}, {accuracy.n:,} cells\n"
            f"accuracy {percent(accuracy.value)}{percent_interval(accuracy)}\n"
            f"κ {_with_interval(kappa)}",
            loc="left", size=10, color=INK,
        )  # fmt: skip
        mesh = matrix(
            ax, scorecard, points=72 * side / len(scorecard.labels),
            words=not alike or place % n_columns == 0,
        )  # fmt: skip
    for ax in axes.flat[len(scorecards) :]:
        ax.remove()
    bar = figure.colorbar(mesh, ax=figure.axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_label("% of the true label's cells", color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=9, labelcolor=INK)
    return figure


def _evidence(scorecards: dict[str, Scorecard], tiers: dict[str, str]) -> str:
    """Say what the tiers mean and what the intervals are about, a line each."""
    lines = [
        f"Tier {tier} – {TIERS[tier]}." for tier in dict.fromkeys(tiers[p] for p in scorecards)
    ]
    scores = [card.score("accuracy") for card in scorecards.values()]
    about = dict.fromkeys(score.about for score in scores if score.low is not None)
    if any((card.confusion_kk.sum(axis=1) == 0).any() for card in scorecards.values()):
        lines.append("Hatched rows: no test cell has this label.")
    return "\n".join([*lines, *(f"In brackets: {LEVEL:.0f} % intervals, {a}." for a in about)])


def _with_interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return f"{score.value:.2f}"
    return f"{score.value:.2f} [{score.low:.2f}–{score.high:.2f}]"
