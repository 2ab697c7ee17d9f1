"""Clouds of cells and their names in; each name on or beside its own cells, clear of the others."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from scbaseline.colours import INK
from scbaseline.report.figures.layout import shortened

_OUTLINE = [withStroke(linewidth=3, foreground="white")]
_NEAR = 10.0  # pixels between a small cloud and a name beside it
_RINGS = (_NEAR, 30.0, 60.0, 100.0, 150.0, 220.0)
_PART = 24.0  # pixels of empty space that part two islands of one name, twice this at most
_LEAST_CELLS, _LEAST_SHARE = 20, 0.1  # of an island that has a name of its own
_MAX_CELLS, _MAX_PLACES = 4000, 100  # enough to see where the clouds are


def name_cells(
    ax: Axes, xy_n2: NDArray[np.float32], codes_n: NDArray[np.int64], *, names: tuple[str, ...]
) -> None:
    """Write each name on its own cells, or beside them with a line where that reads better.

    The axes must have their final place and limits: the figure was drawn once.

    Parameters
    ----------
    xy_n2
        Coordinates of each cell.
    codes_n
        Index into ``names`` per cell; −1 for none.
    """
    pixels_n2 = ax.transData.transform(xy_n2)
    short, few = max(map(len, names)) <= 3, len(names) <= 15
    size = 12.0 if short else 9.0 if few else 8.0
    taken: list[NDArray[np.float64]] = []
    # The fewer cells, the fewer places for a name: small clouds choose first.
    n_cells = np.bincount(codes_n[codes_n >= 0], minlength=len(names))
    for code in np.argsort(n_cells, kind="stable"):
        own = np.flatnonzero(codes_n == code)
        others = pixels_n2[codes_n != code]
        for island in _islands(pixels_n2[own]):
            _name(ax, names[code], pixels_n2[own[island]], others, size=size, taken=taken)


def _name(
    ax: Axes,
    name: str,
    cells: NDArray[np.float64],
    others: NDArray[np.float64],
    *,
    size: float,
    taken: list[NDArray[np.float64]],
) -> None:
    """Write a name on one island of cells; the box that it takes is added to ``taken``."""
    text = ax.text(
        0, 0, textwrap.fill(shortened(name), 16, break_long_words=False), color=INK,
        size=size, weight="bold", ha="center", va="center", linespacing=1.05,
        parse_math=False, in_layout=False, path_effects=_OUTLINE, gid="name",
    )  # fmt: skip
    extent = text.get_window_extent()
    half = np.array([extent.width, extent.height]) / 2
    panel = ax.bbox.padded(-_NEAR / 2).get_points()
    anchor, box = _place(cells, others, half=half, taken=taken, panel=panel)
    taken.append(box)
    to_data = ax.transData.inverted()
    x, y = to_data.transform(box.mean(axis=0))
    text.set_position((float(x), float(y)))
    end = np.clip(anchor, *box)
    if np.linalg.norm(cells - np.clip(cells, *box), axis=1).min() > 1.5 * _NEAR:
        line = Line2D(*to_data.transform([anchor, end]).T, color=INK, lw=0.8)
        line.set(path_effects=_OUTLINE, gid="pointer", in_layout=False)
        ax.add_artist(line)


def _islands(cells: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    """Split the cells of a code where empty space parts them; small parts are left out."""
    from scipy.ndimage import label

    if not len(cells):
        return []
    places = np.floor((cells - cells.min(axis=0)) / _PART).astype(int)
    filled = np.zeros(places.max(axis=0) + 1, dtype=int)
    filled[tuple(places.T)] = 1
    parts, _ = label(filled, structure=np.ones((3, 3)))
    part_n = parts[tuple(places.T)]
    n_cells = np.bincount(part_n)
    enough = np.flatnonzero((n_cells >= _LEAST_CELLS) & (n_cells >= _LEAST_SHARE * len(cells)))
    return [part_n == part for part in (enough if len(enough) else [int(n_cells.argmax())])]


def _place(
    cloud: NDArray[np.float64],
    others: NDArray[np.float64],
    *,
    half: NDArray[np.float64],
    taken: list[NDArray[np.float64]],
    panel: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the cell in the middle of a cloud, and the best box for its name; in pixels."""
    # The median may fall between two halves of a cloud or on its neighbour; the cell
    # nearest to it does not. The farthest cells may be strays on another cloud.
    nearest = np.argsort(np.linalg.norm(cloud - np.median(cloud, axis=0), axis=1))
    inner = cloud[nearest[: max(1, round(0.8 * len(nearest)))]]
    inner = inner[:: max(1, len(inner) // _MAX_PLACES)]
    anchor = inner[0]
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    edges = ways / np.abs(ways).max(axis=1, keepdims=True) * half
    beside = np.concatenate([anchor + edges + ring * ways for ring in _RINGS])
    middles = np.concatenate([inner, beside])
    boxes = np.stack([middles - half, middles + half], axis=1)

    area = 4 * half.prod()
    hidden = _inside(inner, boxes)
    every = max(1, len(others) // _MAX_CELLS)
    n_foreign = every * _inside(others[::every], boxes)
    cost = 0.002 * np.linalg.norm(middles - anchor, axis=1)
    cost[len(inner) :] += 0.2
    cost += 10 * (1 - _shared_area(boxes, panel) / area)
    for other in taken:
        cost += 10 * _shared_area(boxes, other) / area
    # A name must not hide most of its cells, and is read as that of the cells beneath it.
    cost += 2 * np.maximum(hidden / len(inner) - 0.5, 0)
    n_own = hidden * len(cloud) / len(inner)
    cost += 0.6 * n_foreign / np.maximum(n_foreign + n_own, 1)
    return anchor, boxes[cost.argmin()]


def _inside(points: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many of the points lie in each box (boxes × corners × coordinates)."""
    (x, y), (left, low, right, high) = points.T, boxes.reshape(-1, 4).T[:, :, None]
    inside = (x > left) & (x < right) & (y > low) & (y < high)
    n_inside: NDArray[np.float64] = inside.sum(axis=1).astype(np.float64)
    return n_inside


def _shared_area(boxes: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of each box lies on the other one."""
    low = np.maximum(boxes[:, 0], other[0])
    high = np.minimum(boxes[:, 1], other[1])
    area: NDArray[np.float64] = np.maximum(high - low, 0).prod(axis=1)
    return area
