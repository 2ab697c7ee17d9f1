"""Training curves in; a figure of loss and accuracy, epoch by epoch, out."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from scbaseline.colours import INK
from scbaseline.report.figures.layout import WIDTH, framed, place_legend
from scbaseline.report.figures.panels import draw_curve, name_kept

if TYPE_CHECKING:
    from scbaseline.learn.curve import TrainingCurve


def curves_figure(
    curves: dict[str, "TrainingCurve"], *, protocol: str, held_out_name: str, footer: str = ""
) -> Figure:
    """Show how each recipe's loss and accuracy went, epoch by epoch, and what was kept.

    Parameters
    ----------
    curves
        Recipe → how its training went.
    held_out_name
        What the held-out cells are to this protocol, e.g. ``"validation cells"``.
    """
    figure = framed(
        5.4,
        title=f"Training curves under the {protocol} protocol",
        subtitle="Loss and accuracy after each pass over the training cells, dropout off.",
        footer=footer,
        width=max(7.0, WIDTH * len(curves) / 3),
        legend_room=0.3,
    )
    axes = figure.subplots(2, len(curves), squeeze=False, sharey="row", sharex=True)
    last = max(curve.history[-1].number for curve in curves.values())
    for column, (recipe, curve) in enumerate(curves.items()):
        for ax, metric in zip(axes[:, column], ("loss", "accuracy"), strict=True):
            draw_curve(ax, curve, metric, held_out_name=held_out_name)
        axes[0, column].set_title(recipe, loc="left", size=11, color=INK)
        axes[1, column].set_xlabel("epoch", color=INK)
        name_kept(axes[1, column], curve, last=last)
    axes[0, 0].set_xlim(0.5, last + 0.5)
    axes[0, 0].set_ylabel("loss (cross-entropy)", color=INK)
    axes[1, 0].set_ylabel("accuracy", color=INK)
    highest = max(axes[0, 0].get_ylim())
    axes[0, 0].set_ylim(-0.05 * highest, highest)
    lowest, highest = axes[1, 0].get_ylim()
    # Accuracy rises, so that its lower corners have room for words.
    axes[1, 0].set_ylim(lowest - 0.2 * (highest - lowest), min(highest, 1.03))
    place_legend(figure, *axes[0, 0].get_legend_handles_labels())
    return figure
