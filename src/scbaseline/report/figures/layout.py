"""What every figure shares: its size, and the words around its panels."""

import textwrap

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import text_to_path

from scbaseline.colours import FAINT, INK

WIDTH = 10.67
"""Inches; 1,600 pixels at :data:`DPI`."""

DPI = 150
"""Pixels per inch of every figure."""

_MARGIN = 0.15  # inches between words and the figure's edge
_MAX_NAME = 28


def framed(
    height: float,
    *,
    title: str,
    subtitle: str = "",
    footer: str = "",
    width: float = WIDTH,
    legend_room: float = 0.0,
    compress: bool = False,
) -> Figure:
    """Return an empty figure with room for panels between a title and a footer.

    Long words are wrapped, and the figure grows with their lines: they never come to lie
    on a panel.

    Parameters
    ----------
    height
        Inches left for the panels.
    width
        Inches, margins included.
    legend_room
        Inches left free below the subtitle.
    compress
        Whether panels of fixed aspect move together.
    """
    above = [(title, 13.0, "bold", INK), (subtitle, 10.0, "normal", INK)]
    blocks = [
        (_wrapped(text, size, weight, width - 2 * _MARGIN), size, weight, colour)
        for text, size, weight, colour in [*above, (footer, 8.5, "normal", FAINT)]
    ]
    rooms = [_inches(text, size) for text, size, _, _ in blocks]
    head, foot = _MARGIN + rooms[0] + rooms[1] + legend_room, _MARGIN + rooms[2]
    total = head + height + foot
    layout = ConstrainedLayoutEngine(
        rect=(0.0, foot / total, 1.0, height / total),
        w_pad=0.1, h_pad=0.08, wspace=0.03, compress=compress,
    )  # fmt: skip
    figure = Figure(figsize=(width, total), dpi=DPI, layout=layout, facecolor="white")
    tops = (total - _MARGIN, total - _MARGIN - rooms[0], rooms[2] + 0.6 * _MARGIN)
    for (text, size, weight, colour), top, gid in zip(
        blocks, tops, ("title", "subtitle", "footer"), strict=True
    ):
        figure.text(
            _MARGIN / width, top / total, text, size=size, weight=weight, color=colour,
            va="top", gid=gid, linespacing=1.3, parse_math=False,
        )  # fmt: skip
    return figure


def place_legend(figure: Figure, handles: list[Artist], labels: list[str]) -> None:
    """Set a legend in the ``legend_room`` of a framed figure."""
    layout = figure.get_layout_engine()
    _, low, _, height = layout.get()["rect"] if layout else (0.0, 0.0, 1.0, 1.0)
    figure.legend(
        handles, labels, loc="lower left", ncols=len(labels), borderpad=0, borderaxespad=0,
        bbox_to_anchor=(_MARGIN / figure.get_figwidth(), low + height), frameon=False,
        labelcolor=INK,
    )  # fmt: skip


def shortened(name: str) -> str:
    """Return ``name`` with an ellipsis in the middle where it is too long for an axis."""
    if len(name) <= _MAX_NAME:
        return name
    return f"{name[: _MAX_NAME // 2]}…{name[-(_MAX_NAME // 2 - 1) :]}"


def text_width(text: str, size: float, *, weight: str = "normal") -> float:
    """Return how wide one line of text is, in inches, at a font size in points."""
    font = FontProperties(size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def _wrapped(text: str, size: float, weight: str, width: float) -> str:
    lines: list[str] = []
    for part in filter(None, text.split("\n")):
        letter = text_width(part, size, weight=weight) / len(part)
        # Lines differ in how many wide letters they hold, hence a tenth to spare.
        lines += textwrap.wrap(part, max(1, int(0.9 * width / letter)))
    return "\n".join(lines)


def _inches(text: str, size: float) -> float:
    return (1.35 * size * (text.count("\n") + 1) + 3) / 72 if text else 0.0
