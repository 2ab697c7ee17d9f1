"""Coordinates, clusters and labels in; a figure of the cells in the plane out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from scbaseline.report.figures.layout import INK, framed
from scbaseline.report.figures.names import name_cells
from scbaseline.report.figures.panels import cloud
from scbaseline.study.protocols import CLUSTERS

if TYPE_CHECKING:
    from scbaseline.study.labels import Labels


def umap_figure(
    xy_n2: NDArray[np.float32],
    clusters_n: NDArray[np.str_],
    labels: "Labels | None" = None,
    *,
    title_of: Mapping[str, str] | None = None,
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
    title_of
        Cluster → its name; by default, its number.
    """
    names = tuple(sorted(np.unique(clusters_n).tolist(), key=int))
    code_of = {name: code for code, name in enumerate(names)}
    clusters = np.array([code_of[name] for name in clusters_n], dtype=np.int64)
    titles = tuple((title_of or {}).get(name, name) for name in names)
    panels = [("Leiden clusters", clusters, titles)]
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
