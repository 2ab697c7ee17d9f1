"""Test cells in; the same cells as a poorer experiment might see them, and their labels, out.

A query is seldom measured as the training cells were. So `train` also judges recipes on test
cells with fewer counts, and on test cells of which some genes were not measured.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.cells.space import FeatureSpace
from scbaseline.cells.thinning import thin_counts
from scbaseline.counts import Counts
from scbaseline.learn.examples import Learnt
from scbaseline.learn.recipes import Recipe

KEPT_COUNTS = 0.3
"""The share of counts that a thinned cell keeps."""

KEPT_GENES = 0.5
"""The share of genes that a cut cell keeps."""

THINNED = f"{100 * KEPT_COUNTS:.0f} % of counts"
CUT = "half of the genes"


@dataclass(frozen=True, eq=False)
class View:
    """Test cells as a poorer experiment might see them.

    Attributes
    ----------
    name
        What they keep, in words.
    counts
        Their counts, over all genes; zero where a gene was not measured.
    measured_g
        Which genes were measured.
    """

    name: str
    counts: Counts
    measured_g: NDArray[np.bool_]


def draw_views(counts: Counts, rng: np.random.Generator) -> tuple[View, ...]:
    """Thin test cells, and cut them to a random half of all genes.

    Parameters
    ----------
    counts
        Raw counts of the test cells, in memory. Fractional ones are not thinned.
    rng
        Draws counts and genes.

    Examples
    --------
    >>> import numpy as np
    >>> import scbaseline as sb
    >>> from scbaseline.study.views import draw_views
    >>> adata = sb.check_counts(sb.read_counts("pbmc68k_reduced"))
    >>> views = draw_views(sb.Counts.from_anndata(adata), np.random.default_rng(0))
    >>> [(view.name, int(view.measured_g.sum())) for view in views]
    [('30 % of counts', 765), ('half of the genes', 382)]
    """
    counts_ng = counts.counts_ng
    n_genes = counts_ng.shape[1]
    measured_g = np.zeros(n_genes, dtype=bool)
    measured_g[rng.permutation(n_genes)[: max(int(KEPT_GENES * n_genes), 1)]] = True
    cut_ng = counts_ng.copy()
    cut_ng.data[~measured_g[cut_ng.indices]] = 0
    cut_ng.eliminate_zeros()
    # A panel's totals are those of its genes: nobody counted the others.
    cut = Counts(cut_ng, np.asarray(cut_ng.sum(axis=1, dtype=np.float64)).ravel())
    views = [View(CUT, cut, measured_g)]
    if np.array_equal(counts_ng.data, np.rint(counts_ng.data)):
        thinned, _ = thin_counts(counts, rng, fraction=KEPT_COUNTS)
        views.insert(0, View(THINNED, thinned, np.ones(n_genes, dtype=bool)))
    return tuple(views)


def predict_view(
    view: View,
    learnt: Learnt,
    recipe: Recipe,
    space: FeatureSpace,
    genes_g: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Label a view's cells as a saved classifier would; return their label codes.

    Parameters
    ----------
    view
        As :func:`draw_views` returns it.
    learnt, recipe, space, genes_g
        What was fitted: the module, its recipe, its features and its genes.
    """
    from scbaseline.model.serve import codes_of_counts

    return codes_of_counts(
        learnt.module,
        space,
        view.counts.blocks(genes_g),
        missing_g=~view.measured_g[genes_g],
        on_components=recipe.input == "pca",
    )
