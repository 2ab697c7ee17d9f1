"""What a person sees and does: report.html in Chromium, opened from the disk."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bad_names import BAD_GENE, BAD_LABELS, bad_page
from conftest import simulate

from scbaseline import Counts
from scbaseline.report import html as report_html
from scbaseline.report.html.cell_map import LaidOut, cell_map
from scbaseline.report.html.write import write_page

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("default"),  # those of the browser's driver are not ours
]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_DOT = """() => {
  const {view} = document.getElementById("plane");
  const {data} = view.model.renderers[0].data_source;
  const box = document.getElementById("plane").getBoundingClientRect();
  const {x_scale, y_scale} = view.frame;
  return [...data.x].map((x, n) =>
    [box.x + x_scale.compute(x), box.y + y_scale.compute(data.y[n])]);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the system's Chromium, or skip the tests where there is none."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: `apt-get install chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page with bad names in a file."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(bad_page(), path)
    return path


@pytest.fixture(scope="module")
def opened(browser: Any, path: Path) -> Any:
    """Return the page as it is when all is drawn, with what it said and asked for."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.problems, page.asked = [], []
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)
    return page


@pytest.fixture(scope="module")
def crowded(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a page whose groups of cells lie beside each other, the last at the right edge."""
    x = np.array([0.0, 15, 40, *range(88, 101, 2)])  # in the middle of a group; in % of the width
    names = ["large group", "small group", "another one", *(f"group {k}" for k in "DEFGHIJ")]
    sizes = np.array([60, 40, 30, *range(25, 18, -1)])
    rng = np.random.default_rng(0)
    xy_n2 = np.stack([np.repeat(x, sizes), rng.normal(size=sizes.sum())], axis=1)
    cells = simulate(n_cells=int(sizes.sum()))
    obs = pd.DataFrame({"group": np.repeat(names, sizes)}, index=cells.obs_names)
    counts = Counts.from_anndata(cells)
    laid_out = LaidOut(
        xy_n2.astype(np.float32), obs, counts, cells.var_names, 1e4, "group", n_all=len(obs)
    )
    picture, _, _ = cell_map(laid_out)
    path = tmp_path_factory.mktemp("crowded") / "report.html"
    write_page(replace(bad_page(), cells=picture), path)
    page = browser.new_context(viewport={"width": 1440, "height": 844}).new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=20_000)
    return page


@pytest.fixture
def page(opened: Any) -> Any:
    """Return the page with nothing selected, moved or coloured."""
    opened.emulate_media(color_scheme="light", media="screen")
    opened.set_viewport_size({"width": 1440, "height": 900})
    for button in ("clear", "all", "pan"):
        opened.click(f"#{button}")
    opened.select_option("#colour", index=0)
    return opened


def test_it_asks_no_network_and_says_no_error(page: Any, path: Path) -> None:
    """Only the file itself is loaded; no script fails."""
    assert page.problems == []
    assert [url for url in page.asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]


def test_the_graphics_card_draws_the_cells(page: Any) -> None:
    """Where the browser has WebGL: a policy of the page's own must not keep it away."""
    if not page.evaluate("() => document.createElement('canvas').getContext('webgl') !== null"):
        pytest.skip("this Chromium has no WebGL")
    assert page.evaluate("""() => {
      const {view} = document.getElementById("plane");
      return view.views.find_one(view.model.renderers[0]).glyph.has_webgl();
    }""")


def test_names_are_shown_as_text(page: Any) -> None:
    """Markup, quotes, formulas, 300 letters and other scripts stand there, and do nothing."""
    titles = page.eval_on_selector_all(
        "table.confusion tbody th", "heads => heads.map((head) => head.textContent)"
    )
    assert set(titles) == set(BAD_LABELS)
    page.select_option("#colour", label="cell type")
    assert set(page.locator("#key button").all_text_contents()) == set(BAD_LABELS)
    assert BAD_GENE in page.locator("button.gene").all_text_contents()
    assert page.evaluate("window.hacked === undefined")
    assert page.locator("img").count() == 0


def test_hover_names_the_cell(page: Any) -> None:
    """The words beside a dot are its cell's, as text."""
    x, y = page.evaluate(_DOT)[0]
    page.locator("#plane").scroll_into_view_if_needed()
    x, y = page.evaluate(_DOT)[0]
    page.mouse.move(x - 30, y)
    page.mouse.move(x, y)
    tip = page.locator(".bk-Tooltip").first
    tip.wait_for(timeout=5_000)
    assert "<b>cell" in tip.evaluate("tip => tip.shadowRoot.textContent")
    assert page.evaluate("window.hacked === undefined")


def test_lasso_counts_by_label(page: Any) -> None:
    """A line around all cells selects them all, label by label."""
    page.locator("#plane").scroll_into_view_if_needed()
    page.click("#lasso")
    box = page.locator("#plane").bounding_box()
    left, top = box["x"] + 14, box["y"] + 14
    right, low = left + box["width"] - 28, top + box["height"] - 28
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, low), (left, low), (left, top)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "() => document.getElementById('said').textContent.startsWith('300 cells')"
    )
    rows = page.locator("#key tr").all()
    numbers = [row.locator("td.number").all_text_contents() for row in rows]
    assert all(cells == selected for cells, selected in numbers)
    assert sum(int(cells) for cells, _ in numbers) == 300


def test_a_gene_is_found_and_colours_the_cells(page: Any) -> None:
    """Its name in the field gives a scale from nothing to the most."""
    page.fill("#find", BAD_GENE.upper())
    page.press("#find", "Enter")
    page.wait_for_function(f"() => document.documentElement.dataset.colour === {BAD_GENE!r}")
    assert page.locator("#scale").is_visible()
    page.fill("#find", "NOSUCHGENE")
    page.press("#find", "Enter")
    page.wait_for_function(
        "() => document.getElementById('said').textContent.includes('NOSUCHGENE')"
    )


def test_a_label_is_found_and_selects_its_cells(page: Any) -> None:
    """And no others."""
    page.fill("#find", BAD_LABELS[0])
    page.press("#find", "Enter")
    pressed = page.locator("#key button[aria-pressed=true]")
    pressed.wait_for()
    assert pressed.all_text_contents() == [BAD_LABELS[0]]


def test_colour_can_be_chosen(page: Any) -> None:
    """By quality, say; the picture and its key follow."""
    page.select_option("#colour", label="total counts")
    page.wait_for_function("() => document.documentElement.dataset.colour === 'total_counts'")
    assert float(page.locator("#high").inner_text().replace(",", "")) > 0


def test_keys_move_and_zoom(page: Any) -> None:
    """Without a mouse."""
    width = "document.getElementById('plane').view.model.x_range.end"
    before = page.evaluate(width)
    page.focus("#plane")
    page.keyboard.press("+")
    assert page.evaluate(width) < before
    page.keyboard.press("0")
    assert page.evaluate(width) == pytest.approx(before)


def test_tables_sort(page: Any) -> None:
    """Numbers as numbers, in either direction."""
    head = page.locator("#recipes table.sortable").first.locator("th button").nth(3)
    column = "#recipes table.sortable >> nth=0 >> tbody tr td:nth-child(4) span:first-child"
    for direction in ("ascending", "descending"):
        head.click()
        assert head.locator("..").get_attribute("aria-sort") == direction
        values = [float(text) for text in page.locator(column).all_text_contents()]
        assert values == sorted(values, reverse=direction == "descending")


def test_dark_mode_and_print(page: Any) -> None:
    """The page follows the system; on paper it is light and without controls."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(15, 19, 25)"
    assert len(page.pdf()) > 50_000
    page.emulate_media(color_scheme="light", media="print")
    assert not page.locator(".controls").is_visible()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(page: Any, scheme: str) -> None:
    """Contrast, names and roles are such that a screen reader can do with them."""
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"() => document.documentElement.dataset.theme === '{scheme}'")
    found = Axe().run(page).response["violations"]
    grave = [
        (v["id"], [node["html"][:120] for node in v["nodes"][:3]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert grave == []


def test_ticks_that_differ_are_written_differently(page: Any) -> None:
    """A narrow axis has ticks at half a percent, which are not rounded to whole ones."""
    script = Path(report_html.__file__).with_name("page.js").read_text(encoding="utf-8")
    formats = re.findall(r'NumeralTickFormatter\(\{format: "(.*?)"', script)
    assert formats
    write = "(format) => new Bokeh.NumeralTickFormatter({format}).doFormat([.91, .915, 1], {})"
    assert [page.evaluate(write, f) for f in formats] == [["91 %", "91.5 %", "100 %"]] * len(
        formats
    )


_NAMES = """() => {
  const {view} = document.getElementById("plane");
  const {width, height} = document.getElementById("plane").getBoundingClientRect();
  const {x_range, y_range} = view.model;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "bold 13px helvetica, sans-serif";
  const {x, y, text} = view.model.renderers[1].data_source.data;
  return [...text].map((name, n) => [
    name, pen.measureText(name).width,
    (width * (x[n] - x_range.start)) / (x_range.end - x_range.start),
    (height * (y[n] - y_range.start)) / (y_range.end - y_range.start),
  ]);
}"""


def names_on(page: Any, width: int) -> dict[str, tuple[float, float, float]]:
    """Return the names in the picture: left end, right end and height, in pixels."""
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(400)
    return {name: (x - w / 2, x + w / 2, y) for name, w, x, y in page.evaluate(_NAMES)}


def test_names_of_groups_do_not_lie_on_each_other(crowded: Any) -> None:
    """Where there is no room, small groups go without; none is cut off at the side."""
    wide, narrow = names_on(crowded, 1440), names_on(crowded, 390)
    assert {"large group", "small group", "another one", "group D"} <= set(narrow)
    assert len(narrow) < len(wide) <= 10
    assert min(left for left, _, _ in narrow.values()) >= 0
    assert max(right for _, right, _ in narrow.values()) <= 390 - 2 * 16
    for names in (wide, narrow):
        for one, (left, right, y) in names.items():
            for other, (from_, to, v) in names.items():
                assert one == other or right < from_ or to < left or abs(y - v) > 13, (one, other)


def test_a_phone_needs_no_sideways_scrolling(page: Any) -> None:
    """Wide tables scroll by themselves."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
