"""A run whose names are as bad as users can make them, for tests of its page."""

from dataclasses import replace
from functools import cache

from conftest import SMALL, simulate

from scbaseline import run
from scbaseline.report.html.blocks import Page
from scbaseline.report.html.pages import page_of_run
from scbaseline.study.results import Run
from scbaseline.study.to_adata import annotated_cells

BAD_LABELS = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>",
    "\"quoted\" 'names' & $$x^2$$ {{ 7 * 7 }}",
    "خلايا T 🧬 " + "long" * 75,
)
BAD_GENE = "</script><script>window.hacked = 3</script>"
CONFIG = replace(SMALL, recipe=("pca",), protocol=("published", "inductive"), label_key="cell_type")


@cache
def bad_run() -> Run:
    """Return a run on labels and genes with markup, quotes, formulas and 300 letters."""
    cells = simulate(n_cells=300)
    names = dict(zip(sorted(set(cells.obs["cell_type"])), BAD_LABELS, strict=True))
    cells.obs["cell_type"] = cells.obs["cell_type"].map(names)
    cells.var_names = [BAD_GENE, *cells.var_names[1:]]
    cells.obs_names = [f"<b>{name}</b>" for name in cells.obs_names]
    return run(cells, CONFIG)


def bad_page() -> Page:
    """Return the page of that run."""
    return page_of_run(bad_run(), annotated_cells(bad_run()), genes=(BAD_GENE,))
