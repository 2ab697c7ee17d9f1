"""Pages: names are text, arrays come back, the choice of cells and genes is stated."""

import base64
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anndata
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from bad_names import BAD_GENE, BAD_LABELS, bad_page, bad_run
from conftest import SMALL, simulate

from scbaseline import Counts, keys
from scbaseline.colours import FAINT
from scbaseline.data.coordinates import own_layout
from scbaseline.errors import ConfigError, InputError, OutputError
from scbaseline.report.h5ad_look import add_look
from scbaseline.report.html import cell_map as module
from scbaseline.report.html.cell_map import LaidOut, cell_map
from scbaseline.report.html.packing import packed_codes, packed_numbers, packed_texts
from scbaseline.report.html.pages import page_of_run
from scbaseline.report.html.query import label_chart
from scbaseline.report.html.words import answer
from scbaseline.report.html.write import check_report_file, page_html, with_code
from scbaseline.study.look import lay_out, majority_of
from scbaseline.study.to_adata import annotated_cells

pytestmark = pytest.mark.xdist_group("report")


@pytest.fixture(scope="module")
def html() -> str:
    """Return a page with bad names."""
    return page_html(bad_page())


def unpacked(entry: dict[str, Any]) -> bytes:
    """Return what a text of the page holds."""
    return zlib.decompress(base64.b64decode(entry["data"]))


class Tags(HTMLParser):
    """Collects tags and the addresses in them, as a browser sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_a_page_has_only_its_own_tags_and_addresses(html: str) -> None:
    """No name of a user becomes an element, and nothing points outside."""
    parser = Tags()
    parser.feed(html)
    assert "img" not in parser.tags
    assert parser.tags.count("script") == 3
    assert all(a.startswith("#") or a == "data:," for a in parser.addresses)


def test_data_for_the_script_are_the_names_as_given(html: str) -> None:
    """The script gets them letter by letter."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert text
    cells = json.loads(text[1])["cells"]
    columns = {column["name"]: column for column in cells["columns"]}
    assert set(columns["cell_type"]["names"]) == set(BAD_LABELS)
    assert cells["genes"][0]["name"] == BAD_GENE
    assert unpacked(cells["ids"]).decode().split("\n")[0] == "<b>cell0-1</b>"


def test_the_page_forbids_the_network(html: str) -> None:
    """A policy in its head, which the browser holds it to."""
    assert "default-src 'none'" in html


def test_the_same_run_gives_the_same_page(html: str) -> None:
    """Byte by byte: no clock and no address is in it."""
    assert page_html(bad_page()) == html


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("Type `scbaseline show M`.", "Type <code>scbaseline show M</code>."),
        ("none (--group-key): add it", "none (<code>--group-key</code>): add it"),
        ("`scbaseline a` & `a label`", "<code>scbaseline a</code> &amp; `a label`"),
        (
            "`scbaseline <b>` <i> --xy<u",
            "<code>scbaseline &lt;b&gt;</code> &lt;i&gt; <code>--xy</code>&lt;u",
        ),
        ("one ` alone, a -- b, A--b", "one ` alone, a -- b, A--b"),
        ("", ""),
    ],
)
def test_commands_and_options_are_code(sentence: str, html: str) -> None:
    """All else is text, whatever it holds."""
    assert with_code(sentence) == html


def test_numbers_come_back_within_half_a_step() -> None:
    """And what is missing stays missing."""
    values = np.array([0.0, 1.5, np.nan, 10.0])
    entry = packed_numbers(values)
    codes = np.frombuffer(unpacked(entry), "<u2")
    back = entry["low"] + codes * (entry["high"] - entry["low"]) / 65534
    np.testing.assert_allclose(back[[0, 1, 3]], values[[0, 1, 3]], atol=1e-4)
    assert codes[2] == 65535


@pytest.mark.parametrize(("n_names", "kind"), [(3, "u1"), (255, "u1"), (256, "u2"), (400, "u2")])
def test_codes_take_as_few_bytes_as_they_need(n_names: int, kind: str) -> None:
    """None is the largest number, which no category has."""
    codes_n = np.array([*range(n_names), -1])
    entry = packed_codes(codes_n)
    back = np.frombuffer(unpacked(entry), f"<{kind}")
    assert entry["type"] == kind
    assert list(back[:-1]) == list(range(n_names))
    assert back[-1] == np.iinfo(back.dtype).max


def test_texts_stay_as_many_as_they_were() -> None:
    """A line break in one does not make two of it."""
    back = unpacked(packed_texts(["a\nb", "", "ü\r\nx"])).decode().split("\n")
    assert back == ["a b", "", "ü x"]


def test_a_column_of_names_for_clusters_comes_first() -> None:
    """Where clusters have names, the picture begins with these; with given labels, with these."""
    cells = annotated_cells(bad_run())
    cells.obs["cluster_name"] = "type of " + cells.obs[keys.LEIDEN].astype(str)
    for label_key, first in ((None, "cluster_name"), ("cell_type", "cell_type")):
        given = replace(bad_run(), config=replace(bad_run().config, label_key=label_key))
        page = page_of_run(given, cells)
        assert page.cells
        assert page.cells.content["columns"][0]["name"] == first


def laid_out(n_cells: int = 240) -> LaidOut:
    """Return simulated cells, laid out by chance."""
    cells = simulate(n_cells=n_cells)
    xy_n2 = np.random.default_rng(0).normal(size=(n_cells, 2)).astype(np.float32)
    counts = Counts.from_anndata(cells)
    return LaidOut(xy_n2, cells.obs, counts, cells.var_names, 1e4, "cell_type", n_all=n_cells)


def test_markers_are_the_genes_that_were_planted() -> None:
    """Type t has genes 10 t to 10 t + 9."""
    _, dots, markers = cell_map(laid_out())
    assert dots
    for t in range(3):
        planted = {f"GENE{g}" for g in range(10 * t, 10 * t + 10)}
        assert set(markers[f"type {t}"]) <= planted


def test_the_answer_begins_with_the_recipes_own_score() -> None:
    """Also where one protocol is all there is, so that no accuracy falls."""
    evidence, labels = bad_run().evidence, bad_run().labels
    alone = replace(evidence, protocols={"inductive": evidence.protocols["inductive"]})
    accuracy = 100 * alone.score("inductive", "pca", "accuracy").value
    said = answer(alone, labels, recipes=("pca",))
    assert said.startswith(f"pca is right for {accuracy:.1f} % [")
    assert "Under that test, a simple classifier (logistic) reaches" in said
    assert answer(evidence, labels, recipes=("pca",)).startswith("The accuracy")


def test_a_label_has_one_colour_on_a_page() -> None:
    """The bars that count the labels have the colours of the cells."""
    cells = laid_out()
    obs = cells.obs.assign(predicted_label=np.repeat(["a", "b", "c"], [20, 60, 160]))
    picture, _, _ = cell_map(replace(cells, obs=obs, group=keys.PREDICTED_LABEL))
    (column,) = (c for c in picture.content["columns"] if c["name"] == keys.PREDICTED_LABEL)
    spec = label_chart(obs, ["a", "b", "c"], picture).spec
    of_bars = dict(zip(spec["rows"], spec["colours"], strict=True))
    assert of_bars == dict(zip(column["names"], column["colours"], strict=True))
    assert len(set(of_bars.values())) == 3


def test_labels_without_a_colour_are_still_counted() -> None:
    """With more labels than a picture colours, or with none at all, the bars are there."""
    for labels in ([f"type {k}" for k in range(501)], [None] * 3):
        table = pd.DataFrame({keys.PREDICTED_LABEL: pd.Series(labels, dtype=object)})
        spec = label_chart(table, ["a"], SimpleNamespace(content={"columns": []})).spec
        assert spec["colours"] == [FAINT] * len({*labels} - {None})


def test_the_first_colours_of_charts_can_be_seen() -> None:
    """Those of three recipes and the reference, on light and on dark paper."""
    folder = Path(module.__file__).parent
    (listed,) = re.findall(r"const COLOURS = \[(.*?)\]", (folder / "page.js").read_text())
    papers = re.findall(r"--paper: (#\w{6})", (folder / "page.css").read_text())
    assert len(papers) == 2
    for colour in re.findall(r"#\w{6}", listed)[:4]:
        for paper in papers:
            dark, light = sorted(map(luminance, (colour, paper)))
            assert (light + 0.05) / (dark + 0.05) > 2.5, f"{colour} on {paper}"


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    rgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_genes_that_were_asked_for_are_carried() -> None:
    """They stand first; one that the data lack is named, with what is near."""
    picture, _, _ = cell_map(laid_out(), wanted=["GENE149"], model_genes=["GENE148", "no gene"])
    assert picture.genes[0] == ("GENE149", "asked for")
    assert ("GENE148", "of weight in the model") in picture.genes
    with pytest.raises(InputError, match=r"--report-genes GENE999: .*GENE9"):
        cell_map(laid_out(), wanted=["GENE999"])


def test_a_sample_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more cells than a page carries."""
    monkeypatch.setattr(module, "MOST_CELLS", 100)
    picture, _, _ = cell_map(laid_out())
    assert "sample of 100 of 240 cells" in picture.note
    assert picture.content["n"] == 100
    assert len(unpacked(picture.content["x"])) == 4 * 100


def test_majority_is_beside_and_counts_labelled_cells() -> None:
    """Of equals the first by name; cells without a label do not vote."""
    clusters = np.array(["0", "0", "0", "1", "1", "2"])
    labels = np.array(["B", "A", "B", None, "A", None], dtype=object)
    majority = majority_of(clusters, labels)
    assert list(majority.label_n) == ["B", "B", "B", "A", "A", None]
    np.testing.assert_allclose(majority.share_n[:5], [2 / 3, 2 / 3, 2 / 3, 1, 1], rtol=1e-6)
    assert np.isnan(majority.share_n[5])


def test_cells_without_counts_are_not_laid_out() -> None:
    """The others are, and keep their row numbers."""
    cells = simulate()
    counts = Counts.from_anndata(cells)
    total_n = counts.total_n.copy()
    total_n[[3, 5]] = 0
    look = lay_out(Counts(counts.counts_ng, total_n), SMALL)
    assert len(look.rows_n) == 238
    assert not {3, 5} & set(look.rows_n.tolist())


@pytest.mark.parametrize("name", ["X_umap", "X_other"])
def test_the_files_own_layout_is_taken(name: str, tmp_path: Path) -> None:
    """Where it holds finite numbers for every cell."""
    xy_n2 = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    cells = anndata.AnnData(np.ones((20, 3), dtype=np.float32), obsm={name: xy_n2})
    cells.write_h5ad(tmp_path / "cells.h5ad")
    found = own_layout(tmp_path / "cells.h5ad", n_cells=20)
    assert (found is not None) == (name == "X_umap")
    assert own_layout(tmp_path / "cells.h5ad", n_cells=21) is None


def test_a_pages_file_ends_in_html(tmp_path: Path) -> None:
    """Another file may be somebody's data."""
    with pytest.raises(OutputError, match=r"try --report .*page\.html"):
        check_report_file(tmp_path / "page.csv")
    with pytest.raises(ConfigError, match="add --report"):
        check_report_file(None, genes=("CD3E",))
    with pytest.raises(OutputError, match="is the input itself"):
        check_report_file(tmp_path / "page.html", tmp_path / "page.html")
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(OutputError, match="--overwrite to replace it, or name another --report"):
        check_report_file(tmp_path / "mine.html")
    check_report_file(tmp_path / "mine.html", overwrite=True)


@pytest.mark.filterwarnings("default")  # of scanpy's own
def test_scanpy_plots_a_predicted_file(tmp_path: Path) -> None:
    """Layout, clusters and their colours are in it; cells not laid out have none."""
    cells = simulate()
    path = tmp_path / "predicted.h5ad"
    written = anndata.AnnData(cells.X, obs=cells.obs[["cell_type"]], var=cells.var[[]])
    written.write_h5ad(path)
    look = lay_out(Counts.from_anndata(cells), SMALL)
    add_look(path, look)
    back = anndata.read_h5ad(path)
    np.testing.assert_array_equal(back.obsm[keys.X_UMAP], look.xy_n2)
    assert list(back.obs[keys.LEIDEN]) == list(look.clusters_n)
    assert len(back.uns["leiden_colors"]) == back.obs[keys.LEIDEN].nunique()
    with mpl.rc_context({"backend": "agg"}):
        sc.pl.umap(back, color=[keys.LEIDEN, "cell_type"], show=False)
        sc.pl.dotplot(back, list(back.var_names[:3]), groupby=keys.LEIDEN, show=False)
        mpl.pyplot.close("all")
