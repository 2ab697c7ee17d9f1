"""The UMAP: each name on its own cells, clear of the others; cells in their label's look."""

import numpy as np
import pytest
from drawing import drawn, explored, texts, words
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.transforms import Bbox

from scbaseline.colours import PALE, contrast, contrasted, look
from scbaseline.config import RunConfig
from scbaseline.report.figures.umap import umap_figure
from scbaseline.study.labels import Groups, Labels, labels_from_clusters


def test_same_results_give_the_same_pixels():
    """Nothing in a figure is left to chance."""
    exploration = explored([(0, 0), (1, 0), (5, 5)], [40, 200, 3])
    first, second = (FigureCanvasAgg(umap_figure(*exploration)) for _ in range(2))
    first.draw()
    second.draw()

    assert np.array_equal(first.buffer_rgba(), second.buffer_rgba())


def test_every_cluster_is_named_on_its_cells():
    """Each name lies within the bounding box of its own cluster."""
    exploration = explored([(0, 0), (6, 0), (0, 6), (6, 6)], [200, 150, 100, 50])
    figure = drawn(umap_figure(*exploration))
    names = texts(figure, "name")

    assert sorted(name.get_text() for name in names) == ["0", "1", "2", "3"]
    for name in names:
        cells = exploration[0][exploration[1] == name.get_text()]
        assert (cells.min(axis=0) <= name.get_position()).all()
        assert (name.get_position() <= cells.max(axis=0)).all()


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.3])
def test_names_of_close_clusters_do_not_overlap(gap):
    """Where the middles of clusters coincide, the names give way to each other."""
    exploration = explored([(0, 0), (gap, 0), (0, gap), (9, 9)], [100, 90, 80, 70])
    figure = drawn(umap_figure(*exploration))
    boxes = [name.get_window_extent() for name in texts(figure, "name")]

    for place, box in enumerate(boxes):
        assert box.count_overlaps(boxes[place + 1 :]) == 0


def test_long_names_stay_within_their_panel():
    """Names wider than their clouds, at the edges of the plane, do not leave the panel."""
    exploration = explored([(0, 0), (9, 0), (0, 9), (9, 9)], [30, 30, 30, 30])
    names = tuple(f"CD4+/CD45RA+/CD25- Naive T {i}" for i in range(4))
    labels = Labels(exploration[1].astype(np.int64), names, "given:type", "unknown", 0, {})
    figure = drawn(umap_figure(*exploration, labels))
    panel = figure.axes[1].get_window_extent()

    for name in texts(figure, "name")[-4:]:
        assert Bbox.intersection(panel, name.get_window_extent()).bounds == pytest.approx(
            name.get_window_extent().bounds
        )


def test_a_name_does_not_hide_a_small_cluster():
    """Of three cells at one spot, most stay in sight, with their name beside them."""
    exploration = explored([(0, 0), (8, 8)], [400, 3])
    exploration[0][-3:] = [[8.0, 8.0], [8.01, 8.0], [8.0, 8.01]]
    figure = drawn(umap_figure(*exploration))
    (name,) = (text for text in texts(figure, "name") if text.get_text() == "1")
    pixels = figure.axes[0].transData.transform(exploration[0][-3:])

    assert name.get_window_extent().count_contains(pixels) <= 1
    assert (
        np.linalg.norm(pixels - name.get_window_extent().get_points().mean(axis=0), axis=1).max()
        < 50
    )


def test_given_labels_stand_beside_the_clusters():
    """A second panel is named after the column and names every label."""
    exploration = explored([(0, 0), (6, 6)], [50, 50])
    labels = Labels(np.repeat([0, 1], 50), ("B", "T $x$ $y$"), "given:cell_type", "unknown", 0, {})
    figure = drawn(umap_figure(*exploration, labels))

    assert len(figure.axes) == 2
    assert "given labels: cell_type" in words(figure)
    assert {name.get_text() for name in texts(figure, "name")} == {"0", "1", "B", "T $x$ $y$"}


def test_unlabelled_cells_lie_beneath_in_grey():
    """Cells without a label that counts are drawn first, pale, and counted in words."""
    exploration = explored([(0, 0), (6, 6)], [50, 50])
    codes_n = np.repeat([0, 1], 50)
    codes_n[:7] = -1
    labels = Labels(codes_n, ("B", "T"), "given:cell_type", "unknown", 4, {"NK": 3})
    figure = umap_figure(*exploration, labels)
    lowest = figure.axes[1].collections[0]

    assert len(lowest.get_offsets()) == 7
    assert to_hex(lowest.get_facecolor()[0]) == PALE
    assert "4 without a label, 3 with a label too rare to learn" in words(figure)


def test_clusters_as_labels_are_not_drawn_twice():
    """Labels that are the clusters need no second panel."""
    exploration = explored([(0, 0), (6, 6)], [50, 50])
    labels = labels_from_clusters(exploration[1], RunConfig())

    assert len(umap_figure(*exploration, labels).axes) == 1


def test_points_shrink_with_the_number_of_cells():
    """More cells get smaller points, so that clouds stay clouds."""
    few, many = (
        umap_figure(*explored([(0, 0), (6, 6)], [n, n])).axes[0].collections[0].get_sizes()[0]
        for n in (300, 5000)
    )

    assert many < few


def test_thirty_labels_look_different():
    """No two of thirty labels share both colour and marker, nor colour alone."""
    looks = [look(code) for code in range(30)]

    assert len(set(looks)) == 30
    assert len({colour for colour, _ in looks}) == 30


def test_a_name_set_apart_is_joined_to_its_cells():
    """Where a name had to leave its cloud, a line leads to it from one of the cells."""
    exploration = explored([(0, 0), (0, 0), (0, 0), (9, 9), (-9, -9)], [20, 21, 22, 30, 30])
    names = tuple(f"CD4+/CD45RA+/CD25- Naive T {i}" for i in range(5))
    codes_n = exploration[1].astype(np.int64)
    labels = Labels(codes_n, names, "given:type", "unknown", 0, {})
    ax = umap_figure(*exploration, labels).axes[1]
    pointers = [line for line in ax.lines if line.get_gid() == "pointer"]

    assert pointers
    for pointer in pointers:
        start = pointer.get_xydata()[0]
        assert np.linalg.norm(exploration[0] - start, axis=1).min() < 1e-3


def test_a_name_stands_on_every_island_of_its_cells():
    """Empty space parts a cluster into two islands; a few strays are none."""
    xy_n2, _ = explored([(0, 0), (9, 0), (0, 9), (5, 5)], [60, 60, 60, 3])
    clusters_n = np.repeat(["0", "1", "0"], [120, 60, 3])
    figure = drawn(umap_figure(xy_n2, clusters_n, title_of={"0": "T", "1": "B"}))

    assert sorted(name.get_text() for name in texts(figure, "name")) == ["B", "T", "T"]


def test_a_label_has_the_colour_of_its_cluster():
    """Where most cells are the same, so is the colour, whatever the order of the names."""
    exploration = explored([(0, 0), (6, 0), (0, 6)], [50, 40, 30])
    codes_n = np.repeat([2, 0, 1], [50, 40, 30])
    labels = Labels(codes_n, ("a", "b", "c"), "given:x", "unknown", 0, {})
    clusters, given = (
        {
            tuple(dots.get_offsets().mean(axis=0).round(3)): to_hex(dots.get_facecolor()[0])
            for dots in ax.collections
        }
        for ax in umap_figure(*exploration, labels).axes
    )

    assert clusters == given
    assert len(set(given.values())) == 3


def test_groups_stand_in_a_panel_of_their_own():
    """Cells of several donors are drawn in one random order, and a legend names the donors."""
    exploration = explored([(0, 0), (6, 6)], [50, 50])
    groups = Groups(np.arange(100) % 2, ("D1", "D2"), "donor")
    figure = drawn(umap_figure(*exploration, groups=groups))
    panel = figure.axes[1]

    assert "groups: donor" in words(figure)
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["D1", "D2"]
    assert len(panel.collections[0].get_offsets()) == 100


def test_neighbours_look_different_also_to_a_deuteranope():
    """Of ten groups in a row, those which touch are further apart than by their numbers."""
    xy_n2, clusters_n = explored([(k, 0) for k in range(10)], [50] * 10)
    codes_n = clusters_n.astype(int)
    dealt = contrasted(xy_n2, codes_n, 10)

    def nearest(looks: tuple[int, ...]) -> float:
        apart_kk = contrast([look(number)[0] for number in looks])
        return float(np.diag(apart_kk, 1).min())

    assert sorted(dealt) == list(range(10))
    assert nearest(dealt) > 1.4 * nearest(tuple(range(10)))
    assert contrasted(xy_n2, codes_n, 10) == dealt


def test_red_and_green_are_close_to_a_deuteranope():
    """Contrast is that to the eye that sees it less; black and white are far to every eye."""
    apart_kk = contrast(["#d00000", "#6a6a00", "#000000", "#ffffff"])

    assert apart_kk[0, 1] < 0.15
    assert apart_kk[2, 3] == pytest.approx(1, abs=0.01)


def test_large_groups_are_not_grey():
    """Grey is for cells without a label: of ten groups, the two smallest get the greys."""
    sizes = [10, 90, 80, 70, 60, 50, 40, 30, 20, 5]
    xy_n2, clusters_n = explored([(k % 3, k // 3) for k in range(10)], sizes)
    dealt = contrasted(xy_n2, clusters_n.astype(int), 10)

    assert {dealt[0], dealt[9]} == {8, 9}
