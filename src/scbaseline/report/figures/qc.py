"""Quality control in; a figure of what it measured and where it cut, out."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from scbaseline import keys
from scbaseline.colours import INK
from scbaseline.report.figures.layout import framed
from scbaseline.report.figures.panels import depth, histogram

if TYPE_CHECKING:
    from scbaseline.cells.qc import FilteredCells


def qc_figure(cells: "FilteredCells", *, footer: str = "") -> Figure:
    """Show what quality control measured per cell, where it cut, and what that dropped."""
    metrics = cells.metrics
    kept_n = metrics["kept"].to_numpy(bool)
    n_genes = len(cells.var)
    n_enough = n_genes - cells.n_rare_genes - cells.n_silent_genes
    dropped = ", ".join(f"{n:,} for {rule}" for rule, n in cells.dropped.items())
    panels = {keys.N_GENES: "genes detected per cell", keys.TOTAL_COUNTS: "counts per cell"}
    if cells.n_mt_genes:
        panels[keys.PCT_MT] = "% mitochondrial counts"
    figure = framed(
        3.3,
        width=3.55 * (len(panels) + 1),
        title=f"Quality control: {kept_n.sum():,} of {len(kept_n):,} cells kept",
        subtitle=f"Cells dropped: {dropped}.\n"
        f"Genes: {n_enough:,} of {n_genes:,} are detected in enough of the kept cells, "
        f"{cells.n_rare_genes:,} in too few, {cells.n_silent_genes:,} in none; "
        + (
            f"mitochondrial: {cells.n_mt_genes:,}."
            if cells.n_mt_genes
            else "no mitochondrial gene is known."
        ),
        footer=footer,
    )
    *histograms, last = figure.subplots(1, len(panels) + 1)
    for ax, (metric, words) in zip(histograms, panels.items(), strict=True):
        ax.set_xlabel(words)
        bounds = cells.thresholds.get(metric, (0.0, float("inf")))
        histogram(
            ax, metrics[metric].to_numpy(np.float64), kept_n, bounds=bounds,
            percent=metric == keys.PCT_MT,
        )  # fmt: skip
    last.set(xlabel=panels[keys.TOTAL_COUNTS], ylabel=panels[keys.N_GENES])
    total_n, n_genes_n = (metrics[m].to_numpy(float) for m in (keys.TOTAL_COUNTS, keys.N_GENES))
    depth(last, total_n, n_genes_n, kept_n)
    if not kept_n.all():
        figure.axes[1].legend(frameon=False, loc="upper right", labelcolor=INK)
    return figure
