"""Results in, figures out: quality control, UMAP, confusion matrices, training curves."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from scbaseline import keys
from scbaseline.judge.metrics import LEVEL
from scbaseline.judge.scores import ESTIMAND, Evaluation, Score
from scbaseline.learn.recipes import RECIPES
from scbaseline.report.layout import INK, WIDTH, framed, place_legend, shortened, text_width
from scbaseline.report.names import name_cells
from scbaseline.report.panels import SHORT, cloud, curves, histogram, matrix, nothing, tell_kept
from scbaseline.study.protocols import CLUSTERS, TIERS

if TYPE_CHECKING:
    from scbaseline.cells.qc import FilteredCells
    from scbaseline.learn.curve import TrainingCurve
    from scbaseline.study.labels import Labels


def qc_figure(cells: "FilteredCells", *, footer: str = "") -> Figure:
    """Show what quality control measured per cell, where it cut, and what that dropped."""
    metrics = cells.metrics
    kept_n = metrics["kept"].to_numpy(bool)
    n_genes = cells.adata.n_vars
    n_enough = n_genes - cells.n_rare_genes - cells.n_silent_genes
    dropped = ", ".join(f"{n:,} for {rule}" for rule, n in cells.dropped.items())
    figure = framed(
        3.3,
        title=f"Quality control: {kept_n.sum():,} of {len(kept_n):,} cells kept",
        subtitle=f"Cells dropped: {dropped}.\n"
        f"Genes: {n_enough:,} of {n_genes:,} are detected in enough of the kept cells, "
        f"{cells.n_rare_genes:,} in too few, {cells.n_silent_genes:,} in none; "
        f"mitochondrial: {cells.n_mt_genes:,}.",
        footer=footer,
    )
    panels = {
        keys.N_GENES: "genes detected per cell",
        keys.TOTAL_COUNTS: "counts per cell",
        keys.PCT_MT: "% mitochondrial counts",
    }
    for ax, (metric, words) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        ax.set_xlabel(words)
        if metric == keys.PCT_MT and not cells.n_mt_genes:
            nothing(ax, "no mitochondrial gene known")
            continue
        bounds = cells.thresholds.get(metric, (0.0, float("inf")))
        histogram(
            ax, metrics[metric].to_numpy(np.float64), kept_n, bounds=bounds,
            percent=metric == keys.PCT_MT,
        )  # fmt: skip
    if not kept_n.all():
        figure.axes[1].legend(frameon=False, loc="upper right", labelcolor=INK)
    return figure


def umap_figure(
    xy_n2: NDArray[np.float32],
    clusters_n: NDArray[np.str_],
    labels: "Labels | None" = None,
    *,
    footer: str = "",
) -> Figure:
    """Show the Leiden clusters on the UMAP and, where labels were given, those beside them.

    Parameters
    ----------
    xy_n2
        Coordinates of each cell.
    clusters_n
        Leiden cluster of each cell.
    labels
        Given labels; clusters are not shown twice.
    """
    names = tuple(sorted(np.unique(clusters_n).tolist(), key=int))
    code_of = {name: code for code, name in enumerate(names)}
    clusters = np.array([code_of[name] for name in clusters_n], dtype=np.int64)
    panels = [("Leiden clusters", clusters, names)]
    subtitle = ""
    if labels is not None and labels.source != CLUSTERS:
        column = labels.source.removeprefix("given:")
        panels.append((f"given labels: {column}", labels.codes_n, labels.names))
        grey = {
            "without a label": labels.n_unlabelled,
            "with a label too rare to learn": sum(labels.rare.values()),
        }
        if any(grey.values()):
            counted = ", ".join(f"{n:,} {words}" for words, n in grey.items() if n)
            subtitle = f"Grey cells: {counted}."
    n_names = max(len(panel_names) for _, _, panel_names in panels)
    figure = framed(
        6.8 if len(panels) == 1 else 5.2 + 0.1 * max(0, n_names - 10),
        title=f"UMAP of {len(xy_n2):,} cells in {len(names)} Leiden clusters",
        subtitle=subtitle,
        footer=footer,
    )
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (title, codes_n, _) in zip(axes, panels, strict=True):
        if len(panels) > 1:
            ax.set_title(title, loc="left", size=11, color=INK, parse_math=False)
        cloud(ax, xy_n2, codes_n, size=float(np.clip(24_000 / len(xy_n2), 0.6, 18)))
    figure.draw_without_rendering()  # the names are placed by where the panels come to lie
    for ax, (_, codes_n, panel_names) in zip(axes, panels, strict=True):
        name_cells(ax, xy_n2, codes_n, names=panel_names)
    return figure


def confusion_figure(
    evaluations: dict[str, Evaluation], *, recipe: str, tiers: dict[str, str], footer: str = ""
) -> Figure:
    """Show a recipe's confusion matrices, one panel per protocol.

    Parameters
    ----------
    evaluations
        Protocol → how the recipe did under it.
    tiers
        Protocol → the tier of evidence that it reaches.
    """
    meanings = {tier: TIERS[tier] for tier in dict.fromkeys(tiers[name] for name in evaluations)}
    k = max(len(evaluation.labels) for evaluation in evaluations.values())
    names = {shortened(name) for one in evaluations.values() for name in one.labels}
    longest = max(text_width(name, 9.0) for name in names)
    n_columns = len(evaluations) if len(evaluations) < 4 else 2
    n_rows = -(-len(evaluations) // n_columns)
    alike = len({evaluation.labels for evaluation in evaluations.values()}) == 1
    # In inches: the panels fill the width, until counts in so many cells could not be read.
    beside = longest * (1 if alike else n_columns) + 1.6
    side = max(3.0, 0.25 * k, min(4.5, (WIDTH - beside) / n_columns - 0.2))
    figure = framed(
        n_rows * (side + 1.25 + (0.7 * longest if longest > SHORT else 0.1)),
        width=n_columns * (side + 0.2) + beside,
        title=f"{recipe}: true and predicted labels of the test cells",
        subtitle="\n".join(
            [
                *(f"Tier {tier} – {meaning}." for tier, meaning in meanings.items()),
                f"In brackets: {LEVEL:.0f} % intervals, {ESTIMAND}.",
            ]
        ),
        footer=footer,
        compress=True,
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for place, (protocol, evaluation) in enumerate(evaluations.items()):
        ax = axes.flat[place]
        accuracy, macro = evaluation.score("accuracy"), evaluation.score("f1_macro")
        ax.set_title(
            f"{protocol}, tier {tiers[protocol]}, {accuracy.n:,} cells\n"
            f"accuracy {_with_interval(accuracy)}\nmacro-F1 {_with_interval(macro)}",
            loc="left", size=10, color=INK,
        )  # fmt: skip
        mesh = matrix(
            ax, evaluation, points=72 * side / len(evaluation.labels),
            words=not alike or place % n_columns == 0,
        )  # fmt: skip
    for ax in axes.flat[len(evaluations) :]:
        ax.remove()
    bar = figure.colorbar(mesh, ax=figure.axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_label("% of the true label's cells", color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=9, labelcolor=INK)
    return figure


def training_curves_figure(
    fits: dict[str, "TrainingCurve"], *, protocol: str, held_out_name: str, footer: str = ""
) -> Figure:
    """Show how each recipe's loss and accuracy went, epoch by epoch, and what was kept.

    Parameters
    ----------
    fits
        Recipe → how its training went.
    held_out_name
        What the held-out cells are to this protocol, e.g. ``"validation cells"``.
    """
    figure = framed(
        5.4,
        title=f"Training curves under the {protocol} protocol",
        subtitle="Loss and accuracy after each pass over the training cells, dropout off.",
        footer=footer,
        width=max(7.0, WIDTH * len(fits) / 3),
        legend_room=0.3,
    )
    axes = figure.subplots(2, len(fits), squeeze=False, sharey="row", sharex="col")
    for column, (recipe, fit) in enumerate(fits.items()):
        stops_early = RECIPES[recipe].patience is not None
        for ax, metric in zip(axes[:, column], ("loss", "accuracy"), strict=True):
            curves(ax, fit, metric, held_out_name=held_out_name, stops_early=stops_early)
        axes[0, column].set_title(recipe, loc="left", size=11, color=INK)
        axes[1, column].set_xlabel("epoch", color=INK)
        tell_kept(axes[1, column], fit, stops_early=stops_early)
    axes[0, 0].set_ylabel("loss (cross-entropy)", color=INK)
    axes[1, 0].set_ylabel("accuracy", color=INK)
    highest = max(axes[0, 0].get_ylim())
    axes[0, 0].set_ylim(-0.05 * highest, highest)
    lowest, highest = axes[1, 0].get_ylim()
    # Accuracy rises, so that its lower corners have room for words.
    axes[1, 0].set_ylim(lowest - 0.2 * (highest - lowest), min(highest, 1.03))
    place_legend(figure, *axes[0, 0].get_legend_handles_labels())
    return figure


FIGURES: dict[str, Callable[..., Figure]] = {
    "qc": qc_figure,
    "umap": umap_figure,
    "confusion": confusion_figure,
    "training_curves": training_curves_figure,
}


def _with_interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return f"{score.value:.3f}"
    return f"{score.value:.3f} ({score.low:.3f}–{score.high:.3f})"
