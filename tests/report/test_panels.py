"""The panels of quality control: cells by the bar, thresholds as lines, the rest in words."""

import re

import numpy as np
import pytest
from drawing import filtered, lines, words

from scbaseline import keys
from scbaseline.report.figures.qc import qc_figure


def test_qc_marks_the_threshold():
    """A line stands at min_genes, with words beside it."""
    figure = qc_figure(filtered())
    (line,) = lines(figure.axes[0], "threshold")

    assert list(line.get_xdata()) == [20, 20]
    assert "at least 20" in words(figure)


def test_qc_marks_the_mitochondrial_threshold():
    """A line stands at max_pct_counts_mt where one was asked for."""
    figure = qc_figure(filtered(max_pct_counts_mt=7.5))
    (line,) = lines(figure.axes[2], "threshold")

    assert list(line.get_xdata()) == [7.5, 7.5]
    assert "at most 7.5 %" in words(figure)


def test_qc_draws_no_threshold_that_was_not_asked_for():
    """Counts have no threshold, so there is no line."""
    assert not lines(qc_figure(filtered()).axes[1], "threshold")


@pytest.mark.parametrize("panel", [0, 1, 2])
def test_qc_bars_add_up_to_the_cells(panel):
    """Every cell is in a bar; cells that an axis leaves out are counted in words."""
    cells = filtered(max_pct_counts_mt=7.5)
    ax = qc_figure(cells).axes[panel]
    n_drawn = sum(bar.get_height() for bar in ax.patches)
    (left_out,) = re.findall(r"(\d+) cells (?:at 0|above [\d.]+ %) are not drawn", ax.get_xlabel())

    assert n_drawn + int(left_out) == 300
    if panel < 2:
        assert int(left_out) == (cells.metrics[keys.TOTAL_COUNTS] == 0).sum()


def test_a_few_dying_cells_do_not_stretch_the_mitochondrial_axis():
    """The axis ends where most cells end, but never before the threshold."""
    cells = filtered()
    assert qc_figure(cells).axes[2].get_xlim()[1] < cells.metrics[keys.PCT_MT].max()
    assert qc_figure(filtered(max_pct_counts_mt=90)).axes[2].get_xlim()[1] >= 90


def test_qc_shows_genes_by_counts():
    """The last panel has a dot for each cell that has counts, kept ones apart from others."""
    cells = filtered()
    kept, dropped = (dots.get_offsets() for dots in qc_figure(cells).axes[-1].collections)
    seen = cells.metrics[cells.metrics[keys.TOTAL_COUNTS] > 0]

    assert len(kept) == seen["kept"].sum()
    assert len(dropped) == (~seen["kept"]).sum()
    np.testing.assert_allclose(kept, seen[seen["kept"]][[keys.TOTAL_COUNTS, keys.N_GENES]])


def test_qc_bars_do_not_straddle_the_threshold():
    """No bar stands for cells on both sides of a threshold, so that each has one colour."""
    cells = filtered()
    bars = qc_figure(cells).axes[0].patches
    kept, dropped = bars[: len(bars) // 2], bars[len(bars) // 2 :]

    assert not any(a.get_height() and b.get_height() for a, b in zip(kept, dropped, strict=True))


def test_qc_writes_what_was_dropped():
    """The kept cells, and those that each rule dropped, stand in the head."""
    cells = filtered(max_pct_counts_mt=7.5)
    written = words(qc_figure(cells))

    assert f"{cells.metrics['kept'].sum()} of 300 cells kept" in written
    for rule, n in cells.dropped.items():
        assert f"{n} for {rule}" in written


def test_qc_writes_the_rare_and_silent_genes():
    """The number of genes seen in too few kept cells, and in none, stands in the head."""
    cells = filtered(min_cells=180)
    written = words(qc_figure(cells))

    assert cells.n_rare_genes > 0
    assert f"{cells.n_rare_genes} in too few, {cells.n_silent_genes} in none" in written


def test_qc_without_mitochondrial_genes_has_no_empty_panel():
    """Words in the head say that none is known."""
    figure = qc_figure(filtered(mt=False))

    assert len(figure.axes) == 3
    assert "no mitochondrial gene is known" in words(figure)
