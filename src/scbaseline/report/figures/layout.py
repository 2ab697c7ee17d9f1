"""What every figure shares: the words around its panels, and its colours."""

import textwrap

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import text_to_path

WIDTH = 10.67
"""Inches; 1,600 pixels at :data:`DPI`."""

DPI = 150
"""Pixels per inch of every figure."""

INK, FAINT, PALE = "#222222", "#666666", "#dcdcdc"
"""Words; words of less weight; cells and lines that stay behind."""

BLUE, ORANGE = "#3f90da", "#e76300"
"""The two colours of a contrast, both from petroff10."""

_MARGIN = 0.15  # inches between words and the figure's edge
# petroff10 with its two greys last: pale grey is for cells without a label.
_PALETTE = tuple(
    mpl.color_sequences["petroff10"][place] for place in (0, 1, 2, 4, 5, 6, 7, 9, 8, 3)
)
_MARKERS = ("o", "^", "s", "D")
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


def look(code: int) -> tuple[str, str]:
    """Return the colour and the marker of the label with this code.

    The first ten are petroff10, which people with any colour vision can tell apart; each
    further ten are darker or lighter, and have another marker.

    References
    ----------
    Petroff, Accessible Color Sequences for Data Visualization, arXiv 2107.02270.
    """
    turn, place = divmod(code, len(_PALETTE))
    share, towards = ((0.0, 0.0), (0.45, 0.0), (0.5, 1.0))[turn % 3]
    red, green, blue = ((1 - share) * part + share * towards for part in to_rgb(_PALETTE[place]))
    return to_hex((red, green, blue)), _MARKERS[turn % len(_MARKERS)]


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
