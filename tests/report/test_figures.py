"""Figures: what is drawn is what the results hold, and no word lies on another."""

import subprocess
import sys

import numpy as np
import pytest
from drawing import (
    CURVES,
    TIERS,
    drawn,
    drawn_curves,
    explored,
    filtered,
    lines,
    scored,
    texts,
    words,
)
from matplotlib.figure import Figure

from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.scores import score_predictions
from scbaseline.report.figures.confusion import confusion_figure
from scbaseline.report.figures.qc import qc_figure
from scbaseline.report.figures.umap import umap_figure

FOOTER = (
    "Embedded default data: 700 PBMCs × 765 genes (Zheng et al. 2017), not the PBMC3k of the "
    "tutorials; to get that, connect to the network and type `scbaseline run pbmc3k`, or put "
    "pbmc3k_raw.h5ad into a folder of your choice and name the folder in SCBASELINE_DATA_DIR."
)


def confused(footer: str) -> Figure:
    """Draw the confusion matrices of two protocols."""
    scorecards = {name: scored(6) for name in TIERS}
    return confusion_figure(scorecards, recipe="hvg", tiers=TIERS, footer=footer)


EVERY_FIGURE = {
    "qc": lambda footer: qc_figure(filtered(), footer=footer),
    "umap": lambda footer: umap_figure(*explored([(0, 0), (5, 5)], [40, 40]), footer=footer),
    "confusion": confused,
    "curves": lambda footer: drawn_curves(footer=footer),
    "curves of one recipe": lambda footer: drawn_curves({"pca": CURVES["pca"]}, footer),
}


@pytest.mark.parametrize("kind", EVERY_FIGURE)
def test_footer_lies_within_the_figure_and_on_no_axes(kind):
    """A long footer is there in full, inside the figure, below everything else."""
    figure = drawn(EVERY_FIGURE[kind](FOOTER))
    (footer,) = texts(figure, "footer")
    box = footer.get_window_extent()

    assert footer.get_text().split() == FOOTER.split()
    assert box.x0 > 0
    assert box.x1 < figure.bbox.x1
    assert box.y0 > 0
    assert all(box.y1 < ax.get_tightbbox().y0 for ax in figure.axes)


@pytest.mark.parametrize("kind", EVERY_FIGURE)
def test_head_lies_on_no_axes(kind):
    """Title and subtitle end above the panels and all that belongs to these."""
    figure = drawn(EVERY_FIGURE[kind](""))
    lowest = min(
        text.get_window_extent().y0
        for gid in ("title", "subtitle")
        for text in texts(figure, gid)
        if text.get_text()
    )

    assert all(ax.get_tightbbox().y1 < lowest for ax in figure.axes)


def test_pyplot_and_heavy_libraries_stay_out():
    """Drawing loads no pyplot, torch or scanpy, and leaves matplotlib's settings alone."""
    script = """
import sys
import matplotlib, numpy as np
# Asking for the backend would load pyplot.
names = matplotlib.rcParams.keys() - {"backend"}
before = {name: matplotlib.rcParams[name] for name in names}
from scbaseline.judge.scores import Score, Scorecard
from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.scores import score_predictions
from scbaseline.report.figures.confusion import confusion_figure
scores = tuple(
    Score(m, None, 0.5, 0.4, 0.6, "cells", (0.5,), 4) for m in ("accuracy", "kappa")
)
scorecard = Scorecard(("a", "b"), np.array([[1, 1], [1, 1]]), scores)
figure = confusion_figure({"published": scorecard}, recipe="pca", tiers={"published": "T0"})
figure.draw_without_rendering()
loaded = {"matplotlib.pyplot", "torch", "scanpy"} & set(sys.modules)
assert not loaded, loaded
assert {name: matplotlib.rcParams[name] for name in names} == before
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_confusion_counts_equal_the_matrix():
    """Each count stands in its cell, and cells without one are blank, in every panel."""
    scorecards = {"published": scored(7, seed=1), "inductive": scored(7, seed=2)}
    figure = confusion_figure(scorecards, recipe="hvg", tiers=TIERS)

    for ax, scorecard in zip(figure.axes, scorecards.values(), strict=False):
        written = np.zeros_like(scorecard.confusion_kk)
        for text in ax.texts:
            x, y = text.get_position()
            written[int(y), int(x)] = int(text.get_text())
        assert np.array_equal(written, scorecard.confusion_kk)


def test_confusion_colours_are_row_percentages():
    """The colour of a cell is its share of the true label's cells, and rows add up to 100."""
    scorecard = scored(7)
    figure = confusion_figure({"published": scorecard}, recipe="hvg", tiers=TIERS)
    percent_kk = np.asarray(figure.axes[0].collections[0].get_array()).reshape(7, 7)

    assert percent_kk.sum(axis=1) == pytest.approx(np.full(7, 100))
    assert percent_kk[0, 0] == pytest.approx(
        100 * scorecard.confusion_kk[0, 0] / scorecard.score("support", "label 0 +").value
    )


def test_confusion_true_label_runs_down():
    """The first true label is the top row, as in every table."""
    figure = confusion_figure({"published": scored(3)}, recipe="hvg", tiers=TIERS)
    low, high = figure.axes[0].get_ylim()

    assert low > high
    assert figure.axes[0].get_ylabel() == "true"


def test_confusion_titles_carry_their_evidence():
    """Protocol, tier, number of cells, and both scores with their intervals head a panel."""
    scorecard = scored(4)
    figure = confusion_figure({"inductive": scorecard}, recipe="hvg", tiers=TIERS)
    title = figure.axes[0].get_title(loc="left")

    assert "inductive, tier T0+, 404 cells" in title
    accuracy, kappa = scorecard.score("accuracy"), scorecard.score("kappa")
    assert f"{100 * accuracy.value:.1f} % [{100 * accuracy.low:.1f}–" in title
    assert f"κ {kappa.value:.2f} [{kappa.low:.2f}–{kappa.high:.2f}]" in title


def test_a_label_without_test_cells_is_no_row_of_zeros():
    """Its row is left blank on hatching, and words say why."""
    true_n = np.array([0, 0, 1, 1] * 20)
    held_out = HeldOut.of_one_test(true_n, np.array([0, 2, 1, 1] * 20), ("a", "b", "c"))
    scorecard = score_predictions(held_out, np.random.default_rng(0), n_draws=50)
    figure = confusion_figure({"published": scorecard}, recipe="hvg", tiers=TIERS)
    blank = np.ma.getmaskarray(figure.axes[0].collections[0].get_array()).reshape(3, 3)

    assert blank.tolist() == [[False] * 3, [False] * 3, [True] * 3]
    assert "Hatched rows: no test cell has this label" in words(figure)
    assert "Hatched" not in words(confused(""))


@pytest.mark.parametrize("k", [2, 12, 30])
def test_confusion_counts_fit_their_cells(k):
    """Whatever the number of labels, no count is wider or higher than its cell."""
    figure = drawn(
        confusion_figure({name: scored(k, n=20_000) for name in TIERS}, recipe="hvg", tiers=TIERS)
    )
    for ax in figure.axes[:2]:
        side = ax.get_window_extent().width / k
        for text in ax.texts:
            assert text.get_window_extent().width < side
            assert text.get_size() >= 5


@pytest.mark.parametrize("n_panels", [1, 2, 3, 4])
def test_confusion_panels_do_not_overlap(n_panels):
    """One to four protocols have a panel each, clear of the others, and one colour bar."""
    names = [f"protocol {i}" for i in range(n_panels)]
    figure = drawn(
        confusion_figure(
            dict.fromkeys(names, scored(5)), recipe="hvg", tiers=dict.fromkeys(names, "T0")
        )
    )
    boxes = [ax.get_tightbbox() for ax in figure.axes]

    assert len(boxes) == n_panels + 1
    for place, box in enumerate(boxes):
        assert box.count_overlaps(boxes[place + 1 :]) == 0


def test_kept_epoch_is_marked():
    """A line stands at the kept epoch in the panels of each recipe, and words name it."""
    figure = drawn_curves()

    for place, curve in enumerate(CURVES.values()):
        for ax in (figure.axes[place], figure.axes[place + 3]):
            (line,) = lines(ax, "kept")
            assert list(line.get_xdata()) == [curve.kept_epoch, curve.kept_epoch]
        assert f"epoch {curve.kept_epoch} kept" in figure.axes[place + 3].texts[0].get_text()


def test_what_came_after_the_kept_epoch_is_explained():
    """Only where training went on past the kept epoch do words say why that one was kept."""
    figure = drawn_curves()
    explained = ["lowest held-out loss" in ax.texts[0].get_text() for ax in figure.axes[3:]]

    assert explained == [False, False, True]


def test_curves_hold_the_history():
    """The lines are the training and the held-out values of every epoch."""
    loss_ax, accuracy_ax = drawn_curves({"hvg": CURVES["hvg"]}).axes
    history = CURVES["hvg"].history

    for ax, metric in ((loss_ax, "loss"), (accuracy_ax, "accuracy")):
        for line, part in zip(ax.lines[:2], ("train", "held_out"), strict=True):
            assert list(line.get_ydata()) == [getattr(e, f"{part}_{metric}") for e in history]


def test_recipes_share_their_axes():
    """Losses are drawn on one scale, accuracies on another, epochs on one, to be compared."""
    figure = drawn_curves()

    assert {ax.get_xlim() for ax in figure.axes} == {(0.5, 12.5)}

    assert len({ax.get_ylim() for ax in figure.axes[:3]}) == 1
    assert len({ax.get_ylim() for ax in figure.axes[3:]}) == 1


def test_curves_name_the_held_out_cells():
    """The legend says what the held-out cells are to this protocol."""
    assert "held out: validation cells" in words(drawn_curves())
