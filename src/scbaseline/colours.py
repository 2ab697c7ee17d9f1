"""Cells in the plane and their groups in; a look for each group that its neighbours do not have."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

INK, FAINT, PALE = "#222222", "#666666", "#dcdcdc"
"""Words; words of less weight; cells and lines that stay behind."""

BLUE, ORANGE = "#3f90da", "#e76300"
"""The two colours of a contrast, both from petroff10."""

# petroff10 with its two greys last: pale grey is for cells without a label.
_PALETTE = (
    BLUE, "#ffa90e", "#bd1f01", "#832db6", "#a96b59", ORANGE, "#b9ac70", "#92dadd", "#717581",
    "#94a4a2",
)  # fmt: skip
_N_BRIGHT = 8  # before the greys
_MARKERS = ("o", "^", "s", "D")

_N_CELLS, _N_NEAR = 4000, 15  # enough to see which groups touch
_EVERYWHERE = 0.02  # weight of groups that do not touch, beside a pair that shares all neighbours

# Linear sRGB as a person without green cones sees it, and linear sRGB to OKLab.
_DEUTERANOPE = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


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
    parts = [round(255 * ((1 - share) * part + share * towards)) for part in _rgb(_PALETTE[place])]
    return "#{:02x}{:02x}{:02x}".format(*parts), _MARKERS[turn % len(_MARKERS)]


def contrasted(xy_n2: NDArray[np.floating], codes_n: NDArray[np.int64], k: int) -> tuple[int, ...]:
    """Deal looks to groups so that those which touch differ most, also for a deuteranope.

    Looks are swapped between two groups as long as that helps; the same cells get the same
    looks. The greys stay with small groups: a large one would be read as cells without a label.

    Parameters
    ----------
    xy_n2
        Coordinates of each cell.
    codes_n
        Group of each cell, from 0; −1 for none.
    k
        The number of groups.

    Returns
    -------
    The number of the look (of :func:`look`) of each group.

    References
    ----------
    Machado, Oliveira & Fernandes, A physiologically-based model for simulation of color vision
    deficiency, IEEE TVCG 2009; Ottosson, A perceptual color space for image processing, 2020.
    """
    cost_kk = 1 / np.maximum(contrast([look(code)[0] for code in range(k)]), 1e-3)
    touching_kk = _touching(xy_n2, codes_n, k)
    dealt = np.argsort(np.argsort(-np.bincount(codes_n[codes_n >= 0], minlength=k), kind="stable"))
    is_grey = np.arange(k) % len(_PALETTE) >= _N_BRIGHT
    improved = True
    while improved:
        improved = False
        for a in range(k):
            for b in range(a + 1, k):
                if is_grey[dealt[a]] != is_grey[dealt[b]]:
                    continue
                others = np.setdiff1d(np.arange(k), (a, b))
                of_a, of_b = cost_kk[dealt[a], dealt[others]], cost_kk[dealt[b], dealt[others]]
                gain = ((of_a - of_b) * (touching_kk[a, others] - touching_kk[b, others])).sum()
                if gain > 1e-9:
                    dealt[[a, b]] = dealt[[b, a]]
                    improved = True
    return tuple(int(number) for number in dealt)


def contrast(colours: Sequence[str]) -> NDArray[np.float64]:
    """Return how far each two colours are apart in OKLab, to the eye that sees it less.

    Parameters
    ----------
    colours
        As ``#rrggbb``.
    """
    rgb_k3 = np.array([_rgb(colour) for colour in colours])
    linear_k3 = np.where(rgb_k3 <= 0.04045, rgb_k3 / 12.92, ((rgb_k3 + 0.055) / 1.055) ** 2.4)
    apart = [
        np.linalg.norm(lab_k3[:, None] - lab_k3[None], axis=2)
        for lab_k3 in (_oklab(linear_k3), _oklab(np.clip(linear_k3 @ _DEUTERANOPE.T, 0, 1)))
    ]
    nearest: NDArray[np.float64] = np.minimum(*apart)
    return nearest


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _oklab(linear_k3: NDArray[np.float64]) -> NDArray[np.float64]:
    lab_k3: NDArray[np.float64] = np.cbrt(linear_k3 @ _TO_CONES.T) @ _TO_OKLAB.T
    return lab_k3


def _touching(
    xy_n2: NDArray[np.floating], codes_n: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """Return how much two groups are neighbours in the plane, k × k, at least a little."""
    has_group = codes_n >= 0
    xy_n2, codes_n = xy_n2[has_group], codes_n[has_group]
    every = max(1, len(codes_n) // _N_CELLS)
    xy_n2, codes_n = xy_n2[::every], codes_n[::every]
    pairs_kk = np.zeros((k, k))
    n_near = min(_N_NEAR + 1, len(codes_n))
    if n_near > 1:
        _, near = cKDTree(xy_n2).query(xy_n2, k=n_near)
        np.add.at(pairs_kk, (np.repeat(codes_n, n_near), codes_n[near.ravel()]), 1)
    pairs_kk += pairs_kk.T
    size_k = np.sqrt(np.maximum(np.bincount(codes_n, minlength=k), 1))
    touching_kk = pairs_kk / np.outer(size_k, size_k)
    np.fill_diagonal(touching_kk, 0)
    weight_kk: NDArray[np.float64]
    weight_kk = touching_kk / max(touching_kk.max(), 1e-9) + _EVERYWHERE
    return weight_kk


def matched(
    codes_n: NDArray[np.int64],
    looks: Sequence[int],
    others_n: NDArray[np.int64],
    n_others: int,
) -> tuple[int, ...]:
    """Return looks for other groups of the same cells: the one of the group that each overlaps.

    Parameters
    ----------
    codes_n, looks
        Group of each cell, and the number of each group's look.
    others_n, n_others
        Other group of each cell, −1 for none, and their number.

    Returns
    -------
    The number of each other group's look; one that matches none has a look of its own.
    """
    from scipy.optimize import linear_sum_assignment

    both = (codes_n >= 0) & (others_n >= 0)
    shared = np.zeros((n_others, len(looks)))
    np.add.at(shared, (others_n[both], codes_n[both]), 1)
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    jaccard = shared / np.maximum(either, 1)
    rows, columns = linear_sum_assignment(-jaccard)
    of = {int(r): looks[int(c)] for r, c in zip(rows, columns, strict=True) if shared[r, c] > 0}
    free = iter(sorted(set(range(n_others + len(looks))) - set(looks)))
    return tuple(of[code] if code in of else next(free) for code in range(n_others))
