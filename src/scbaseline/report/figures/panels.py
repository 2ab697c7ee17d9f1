"""One result and one set of axes in; a panel drawn on them."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from scbaseline.colours import BLUE, FAINT, INK, ORANGE, PALE, look
from scbaseline.judge.scores import Scorecard
from scbaseline.report.figures.layout import shortened, text_width

if TYPE_CHECKING:
    from scbaseline.learn.curve import TrainingCurve

SHORT = 0.3
"""Inches; names on an axis are turned where one is wider than this."""

_N_BINS = 60


def depth(
    ax: Axes,
    total_n: NDArray[np.float64],
    n_genes_n: NDArray[np.float64],
    kept_n: NDArray[np.bool_],
) -> None:
    """Draw genes by counts, a dot for each cell: doublets lie far right, damaged cells below."""
    _plain(ax)
    seen_n = (total_n > 0) & (n_genes_n > 0)
    size = float(np.clip(6_000 / max(len(total_n), 1), 0.5, 8))
    for cells_n, colour in ((kept_n, BLUE), (~kept_n, ORANGE)):
        own = cells_n & seen_n
        ax.scatter(
            total_n[own], n_genes_n[own], s=size, c=colour, alpha=0.5, linewidths=0, rasterized=True
        )
    ax.set(xscale="log", yscale="log")
    for axis, values in ((ax.xaxis, total_n[seen_n]), (ax.yaxis, n_genes_n[seen_n])):
        if len(values):
            axis.set_ticks(_round_values(values.min() / 1.05, values.max() * 1.05))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def histogram(
    ax: Axes, values: NDArray[np.float64], kept_n: NDArray[np.bool_], *,
    bounds: tuple[float, float], percent: bool,
) -> None:  # fmt: skip
    """Draw kept and dropped cells in one stack, and the thresholds as lines with words.

    Parameters
    ----------
    bounds
        (lowest, highest) value that passes; 0 and infinity let every cell pass.
    percent
        Whether the values are percentages; other values stand on a logarithmic axis.
    """
    _plain(ax)
    ax.set_ylabel("cells", color=INK)
    thresholds = {
        bound: f"{word} {bound:,g}{' %' if percent else ''}"
        for bound, word in zip(bounds, ("at least", "at most"), strict=True)
        if 0 < bound < np.inf
    }
    if percent:
        # A few dying cells would stretch the axis until the others are one bar.
        most = max([1.5 * np.quantile(values, 0.995), *thresholds])
        if n_beyond := int((values > most).sum()):
            words = f"({n_beyond:,} cells above {most:.1f} % are not drawn)"
            ax.set_xlabel(f"{ax.get_xlabel()}\n{words}")
            values, kept_n = values[values <= most], kept_n[values <= most]
    shown = np.concatenate([values, list(thresholds)])
    if percent:
        edges = np.linspace(0, 1.05 * shown.max() or 1, _N_BINS)
    else:
        # Depths differ by orders of magnitude; a logarithm has no room for empty cells.
        if n_empty := int((values <= 0).sum()):
            ax.set_xlabel(f"{ax.get_xlabel()}\n({n_empty:,} cells at 0 are not drawn)")
        shown = shown[shown > 0]
        low, high = shown.min() / 1.05, shown.max() * 1.05
        # Between whole numbers, so that no bar stands empty because no number falls in it.
        edges = np.unique(np.ceil(np.geomspace(low, high, _N_BINS)) - 0.5)
        edges[0], edges[-1] = low, high
        ax.set_xscale("log")
        ax.set_xticks(_round_values(low, high))
        ax.xaxis.set_minor_locator(NullLocator())
    for threshold in thresholds:  # so that no bar stands on both sides of it
        edges[np.abs(edges[1:-1] - threshold).argmin() + 1] = threshold
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    ax.hist(
        [values[kept_n], values[~kept_n]], bins=list(edges), stacked=True,
        color=[BLUE, ORANGE], label=["kept", "dropped"],
    )  # fmt: skip
    ax.margins(x=0, y=0.16)
    for threshold, words in thresholds.items():
        ax.axvline(threshold, color=INK, lw=1, ls="--", gid="threshold")
        late = (ax.transScale + ax.transLimits).transform((threshold, 1))[0] > 0.6
        _beside(ax, threshold, words, y=0.98, late=late)


def cloud(
    ax: Axes,
    xy_n2: NDArray[np.float32],
    codes_n: NDArray[np.int64],
    *,
    size: float,
    looks: Sequence[int],
    mixed: bool = False,
) -> None:
    """Draw cells by the look of their code, those without one beneath, in pale grey.

    Parameters
    ----------
    looks
        The number of each code's look.
    mixed
        Whether codes lie on each other: cells are then drawn in a random order, so that none
        hides another.
    """
    ax.set(xticks=[], yticks=[], xlabel="UMAP 1", ylabel="UMAP 2")
    _plain(ax)
    ax.margins(0.02)
    if mixed:
        order = np.random.default_rng(0).permutation(len(codes_n))
        colours = np.array([PALE, *(look(number)[0] for number in looks)])[codes_n[order] + 1]
        x, y = xy_n2[order].T
        ax.scatter(x, y, s=size, c=colours.tolist(), linewidths=0, rasterized=True)
        return
    # The largest first: where clouds meet, the few are not hidden by the many.
    codes, n_cells = np.unique(codes_n, return_counts=True)
    for code in sorted(codes[np.argsort(-n_cells, kind="stable")], key=lambda code: code >= 0):
        colour, marker = look(looks[code]) if code >= 0 else (PALE, "o")
        x, y = xy_n2[codes_n == code].T
        ax.scatter(x, y, s=size, c=colour, marker=marker, linewidths=0, rasterized=True)


def matrix(ax: Axes, scorecard: Scorecard, *, points: float, words: bool) -> QuadMesh:
    """Write the counts on row percentages; ``points`` is the side of a cell."""
    counts_kk, k = scorecard.confusion_kk, len(scorecard.labels)
    n_true_k1 = counts_kk.sum(axis=1, keepdims=True)
    percent_kk = 100 * counts_kk / np.maximum(n_true_k1, 1)
    # A row without true cells is no row of zeros.
    shown_kk = np.ma.masked_array(percent_kk, np.broadcast_to(n_true_k1 == 0, percent_kk.shape))
    ax.patch.set(facecolor="white", edgecolor=PALE, hatch="////")
    mesh = ax.pcolormesh(shown_kk, cmap="Blues", vmin=0, vmax=100, edgecolors=PALE, linewidth=0.4)
    digits = max(2, len(str(counts_kk.max())))
    size = min(10.0, 1.25 * points / digits, 0.62 * points)
    for true, predicted in zip(*np.nonzero(counts_kk), strict=True):
        ax.text(
            predicted + 0.5, true + 0.5, str(counts_kk[true, predicted]), ha="center",
            va="center", size=size, gid=f"count-{true}-{predicted}",
            color="white" if percent_kk[true, predicted] > 55 else INK,
        )  # fmt: skip
    names = [shortened(name) for name in scorecard.labels]
    size = min(9.0, 0.8 * points)
    ax.set_xticks(np.arange(k) + 0.5, names, size=size, parse_math=False)
    if max(text_width(name, 9.0) for name in names) > SHORT:
        for name in ax.get_xticklabels():
            name.set(rotation=45 if points > 14 else 90, ha="right", rotation_mode="anchor")
    ax.set_yticks(np.arange(k) + 0.5, names if words else [""] * k, size=size, parse_math=False)
    ax.set_aspect("equal")
    ax.set_xlabel("predicted", color=INK)
    ax.set_ylabel("true" if words else "", color=INK)
    ax.invert_yaxis()
    ax.tick_params(length=0, labelcolor=INK)
    ax.spines[:].set_visible(False)
    return mesh


def draw_curve(ax: Axes, curve: "TrainingCurve", metric: str, *, held_out_name: str) -> None:
    """Draw the loss or the accuracy by epoch, and mark the kept one."""
    _plain(ax)
    epochs = [epoch.number for epoch in curve.history]
    for part, words, colour in (
        ("train", "training cells", BLUE),
        ("held_out", f"held out: {held_out_name}", ORANGE),
    ):
        values = [getattr(epoch, f"{part}_{metric}") for epoch in curve.history]
        ax.plot(epochs, values, color=colour, marker="o", ms=3, lw=1.5, label=words)
    ax.axvline(curve.kept_epoch, color=INK, lw=1, ls="--", zorder=1, gid="kept")
    ax.margins(y=0.1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def name_kept(ax: Axes, curve: "TrainingCurve", *, last: int) -> None:
    """Write which epoch was kept at the foot of its line, and why where others came after it.

    Parameters
    ----------
    last
        The last epoch that the axis shows.
    """
    words = f"epoch {curve.kept_epoch} kept"
    if curve.kept_epoch < curve.history[-1].number:
        words += "\n(lowest held-out loss)"
    _beside(ax, curve.kept_epoch, words, y=0.03, late=curve.kept_epoch > (1 + last) / 2)


def _round_values(low: float, high: float) -> list[float]:
    """Return up to about five round values between two bounds, for a logarithmic axis."""
    for leading in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        decades = range(floor(log10(low)), ceil(log10(high)))
        values = [digit * 10.0**decade for decade in decades for digit in leading]
        values = [value for value in values if low <= value <= high]
        if len(values) <= 5:
            break
    return values


def _beside(ax: Axes, x: float, words: str, *, y: float, late: bool) -> None:
    """Write words beside a vertical line: on its left where it stands late on the axis."""
    ax.annotate(
        words, (x, y), xycoords=ax.get_xaxis_transform(), xytext=(-5 if late else 5, 0),
        textcoords="offset points", ha="right" if late else "left",
        va="top" if y > 0.5 else "bottom", size=9, color=INK,
    )  # fmt: skip


def _plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(FAINT)
    ax.tick_params(colors=FAINT, labelcolor=INK, labelsize=9)
    ax.xaxis.label.set_color(INK)
    ax.yaxis.label.set_color(INK)
