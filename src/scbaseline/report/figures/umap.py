"""Coordinates, clusters and labels in; a figure of the cells in the plane out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from scbaseline.colours import INK, contrasted, look, matched
from scbaseline.report.figures.layout import WIDTH, framed, shortened
from scbaseline.report.figures.names import name_cells
from scbaseline.report.figures.panels import cloud
from scbaseline.study.protocols import CLUSTERS

if TYPE_CHECKING:
    from scbaseline.study.labels import Groups, Labels

_MOST_IN_LEGEND = 12


@dataclass(frozen=True, eq=False)
class _Panel:
    """What one panel colours cells by; groups lie on each other, so that a legend names them."""

    title: str
    codes_n: NDArray[np.int64]
    names: tuple[str, ...]
    looks: tuple[int, ...]
    named_on_cells: bool = True


def umap_figure(
    xy_n2: NDArray[np.float32],
    clusters_n: NDArray[np.str_],
    labels: "Labels | None" = None,
    *,
    title_of: Mapping[str, str] | None = None,
    groups: "Groups | None" = None,
    footer: str = "",
) -> Figure:
    """Show the Leiden clusters on the UMAP; given labels and groups stand beside them.

    A label has the colour of the cluster that it overlaps most.

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
    groups
        The donor or batch of each cell.
    footer
        What must be said of the data.
    """
    numbers = sorted(set(clusters_n.tolist()), key=int)
    code_of = {number: code for code, number in enumerate(numbers)}
    codes_n = np.array([code_of[number] for number in clusters_n], dtype=np.int64)
    titles = tuple((title_of or {}).get(number, number) for number in numbers)
    looks = contrasted(xy_n2, codes_n, len(numbers))
    panels = [_Panel("Leiden clusters", codes_n, titles, looks)]
    subtitle = ""
    if labels is not None and labels.source != CLUSTERS:
        own = matched(codes_n, looks, labels.codes_n, len(labels.names))
        column = labels.source.removeprefix("given:")
        panels.append(_Panel(f"given labels: {column}", labels.codes_n, labels.names, own))
        subtitle = _left_out(labels)
    if groups is not None:
        of_groups = tuple(range(len(groups.names)))
        title = f"groups: {groups.key}"
        panels.append(_Panel(title, groups.codes_n, groups.names, of_groups, named_on_cells=False))
    figure = framed(
        _height(xy_n2, panels),
        title=f"UMAP of {len(xy_n2):,} cells in {len(numbers)} Leiden clusters",
        subtitle=subtitle,
        footer=footer,
        width=max(WIDTH, 5.0 * len(panels)),
    )
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    size = float(np.clip(24_000 / len(xy_n2), 0.6, 18))
    for ax, panel in zip(axes, panels, strict=True):
        if len(panels) > 1:
            ax.set_title(panel.title, loc="left", size=11, color=INK, parse_math=False)
        cloud(
            ax, xy_n2, panel.codes_n, size=size, looks=panel.looks, mixed=not panel.named_on_cells
        )
        if not panel.named_on_cells:
            for code, name in enumerate(panel.names[:_MOST_IN_LEGEND]):
                colour, marker = look(panel.looks[code])
                ax.scatter([], [], c=colour, marker=marker, label=shortened(name))
            ax.legend(frameon=False, loc="best", labelcolor=INK, fontsize=9)
    figure.draw_without_rendering()  # the names are placed by where the panels come to lie
    for ax, panel in zip(axes, panels, strict=True):
        if panel.named_on_cells:
            name_cells(ax, xy_n2, panel.codes_n, names=panel.names)
    return figure


def _left_out(labels: "Labels") -> str:
    """Say what the grey cells are."""
    grey = {
        "without a label": labels.n_unlabelled,
        "with a label too rare to learn": sum(labels.rare.values()),
    }
    counted = ", ".join(f"{n:,} {words}" for words, n in grey.items() if n)
    return f"Grey cells: {counted}." if counted else ""


def _height(xy_n2: NDArray[np.float32], panels: list[_Panel]) -> float:
    """Return inches for panels in which the cells, whatever shape they form, fill the room."""
    wide, high = np.maximum(np.ptp(xy_n2, axis=0), 1e-9)
    more = 0.1 * max(0, max(len(panel.names) for panel in panels) - 10)
    width = max(WIDTH, 5.0 * len(panels)) / len(panels)
    most = 6.8 if len(panels) == 1 else 5.2
    return float(np.clip(width * high / wide, 4.2, most)) + more * (len(panels) > 1)
