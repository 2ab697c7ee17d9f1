"""Results to draw, and what tests ask of a figure that was drawn."""

import anndata
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray
from scipy import sparse

from scbaseline import keys
from scbaseline.cells.qc import FilteredCells, filter_cells
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.judge.held_out import HeldOut
from scbaseline.judge.scores import Scorecard, score_predictions
from scbaseline.learn.curve import Epoch, TrainingCurve
from scbaseline.report.figures.curves import curves_figure

TIERS = {"published": "T0", "inductive": "T0+"}


def drawn(figure: Figure) -> Figure:
    """Draw a figure, so that everything has its final place."""
    FigureCanvasAgg(figure).draw()
    return figure


def texts(figure: Figure, gid: str) -> list[Text]:
    """Return the texts that carry an id."""
    return [text for text in figure.findobj(Text) if text.get_gid() == gid]


def words(figure: Figure) -> str:
    """Return all that is written in a figure."""
    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


def lines(ax: Axes, gid: str) -> list[Line2D]:
    """Return the lines that carry an id."""
    return [line for line in ax.lines if line.get_gid() == gid]


def filtered(*, mt: bool = True, **settings: float) -> FilteredCells:
    """Filter 300 cells of very different depth, some of them empty."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.lognormal(-0.5, 1.2, size=(300, 1)), size=(300, 60))
    counts[:5] = 0
    genes = [f"{'MT-' if mt and g < 3 else 'G'}{g}" for g in range(60)]
    adata = anndata.AnnData(
        sparse.csr_matrix(counts, dtype=np.float32),
        obs=pd.DataFrame(
            {keys.TOTAL_COUNTS: counts.sum(axis=1)}, index=[f"cell{i}" for i in range(300)]
        ),
        var=pd.DataFrame(index=genes),
    )
    counts = Counts.from_anndata(adata)
    return filter_cells(counts, RunConfig(min_genes=20, **settings), obs=adata.obs, var=adata.var)


def explored(
    centers: list[tuple[float, float]], sizes: list[int]
) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Return coordinates of round clusters, of a radius near 1, around the centres; their names."""
    rng = np.random.default_rng(0)
    clouds = [
        rng.normal(center, 0.4, size=(n, 2)) for center, n in zip(centers, sizes, strict=True)
    ]
    xy_n2 = np.concatenate(clouds).astype(np.float32)
    return xy_n2, np.repeat(np.arange(len(sizes)), sizes).astype(str)


def scored(k: int, *, n: int = 400, seed: int = 0) -> Scorecard:
    """Score predictions of which three quarters are right; later labels are the rarer."""
    rng = np.random.default_rng(seed)
    true_n = np.concatenate([np.arange(k), np.minimum(rng.geometric(0.3, n) - 1, k - 1)])
    predicted_n = np.where(rng.random(len(true_n)) < 0.75, true_n, rng.integers(0, k, len(true_n)))
    names = tuple(f"label {code} +" for code in range(k))
    held_out = HeldOut.of_one_test(true_n, predicted_n, names)
    return score_predictions(held_out, rng, n_draws=100)


def trained(n_epochs: int, kept_epoch: int) -> TrainingCurve:
    """Return a curve whose held-out loss turns up again."""
    history = tuple(
        Epoch(e, 1 / e, 1 - 0.5 / e, 1 / e + 0.02 * e, 0.9 - 0.5 / e)
        for e in range(1, n_epochs + 1)
    )
    return TrainingCurve(history, kept_epoch)


CURVES = {"pca": trained(5, 5), "hvg": trained(5, 5), "hvg-earlystop": trained(12, 7)}


def drawn_curves(curves: dict[str, TrainingCurve] = CURVES, footer: str = "") -> Figure:
    """Draw training curves with all the words that a run gives."""
    return curves_figure(
        curves, protocol="inductive", held_out_name="validation cells", footer=footer
    )
