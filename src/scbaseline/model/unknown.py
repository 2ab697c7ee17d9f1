"""Values, calls and counts of cells in; how unlike the training cells each is, out.

The score is the mean of two that fail on different cell types, each on the scale of held-out
cells: the distance to the nearest label, and the misfit of the predicted label's profile.
:mod:`scbaseline.model.fit_unknown` fits it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from scbaseline.learn.sparse import SparseRows, affine
from scbaseline.model.deviance import Expected, excess_deviance, excess_deviance_of_csr
from scbaseline.model.query_verdict import QueryVerdict, Verdict, judge_scores

N_LEVELS = 401
"""The number of quantiles that are kept of held-out cells' scores."""

_N_MOMENTS = 81
_LOWEST, _HIGHEST = -3.0, 6.0  # of one score: beyond, it would outvote the other
_RIDGE = 1e-3  # keeps components of few genes finite


class Ruler(NamedTuple):
    """What cells that lack the same genes are measured with.

    Attributes
    ----------
    map_gc
        What turns values into components.
    precision_kcc
        The inverse of each label's covariance in them.
    expected
        What each label's profile lets one expect of the counts.
    """

    map_gc: Tensor
    precision_kcc: Tensor
    expected: Expected

    def to(self, device: torch.device) -> "Ruler":
        """Return the same on a device."""
        expected = Expected(*(x.to(device) for x in self.expected))
        return Ruler(self.map_gc.to(device), self.precision_kcc.to(device), expected)


class UnknownScore(nn.Module):
    """How unlike the training cells a cell is; higher is stranger.

    Parameters
    ----------
    n_genes, n_labels, n_comps
        The shape; :func:`~scbaseline.model.fit_unknown.fit_unknown` fills it.

    Attributes
    ----------
    axes_gc
        Principal axes of the training cells' values, genes × components.
    noise
        Variance of a value around its components.
    center_kc, covariance_kcc
        Mean and covariance of each label in these components.
    share_kg
        Each label's profile: the share of each gene in its counts.
    deviance_mean_j, deviance_variance_j
        What sampling does to one gene; see :mod:`scbaseline.model.deviance`.
    misfit_variance
        Variance of the misfit of held-out cells that sampling does not explain.
    middle_s, spread_s
        Median of the two scores of held-out cells, and from there to their 90th percentile.
    home_q, abroad_q
        Quantiles of the score of held-out cells, as they are and as other laboratories might
        have measured them; a threshold is one of them.
    usual_k
        The usual score of held-out cells, by predicted label.
    beyond_home_q, beyond_abroad_q
        The same quantiles of the score minus the usual one of the predicted label.
    """

    inverse: Callable[[Tensor], Tensor] = staticmethod(torch.linalg.inv)
    """Of positive definite matrices; another one where the score is written as a graph."""

    axes_gc: Tensor
    noise: Tensor
    center_kc: Tensor
    covariance_kcc: Tensor
    share_kg: Tensor
    deviance_mean_j: Tensor
    deviance_variance_j: Tensor
    misfit_variance: Tensor
    middle_s: Tensor
    spread_s: Tensor
    home_q: Tensor
    abroad_q: Tensor
    usual_k: Tensor
    beyond_home_q: Tensor
    beyond_abroad_q: Tensor

    def __init__(self, n_genes: int, n_labels: int, n_comps: int) -> None:
        super().__init__()
        for name, shape in {
            "axes_gc": (n_genes, n_comps),
            "noise": (),
            "center_kc": (n_labels, n_comps),
            "covariance_kcc": (n_labels, n_comps, n_comps),
            "share_kg": (n_labels, n_genes),
            "deviance_mean_j": (_N_MOMENTS,),
            "deviance_variance_j": (_N_MOMENTS,),
            "misfit_variance": (),
            "middle_s": (2,),
            "spread_s": (2,),
            "home_q": (N_LEVELS,),
            "abroad_q": (N_LEVELS,),
            "usual_k": (n_labels,),
            "beyond_home_q": (N_LEVELS,),
            "beyond_abroad_q": (N_LEVELS,),
        }.items():
            self.register_buffer(name, torch.zeros(shape))

    def forward(
        self, values_ng: Tensor, codes_n: Tensor, counts_ng: Tensor, ruler: Ruler
    ) -> Tensor:
        """Return the score: about 0 for a usual cell, about 1 for the strangest tenth.

        Parameters
        ----------
        values_ng
            What the model's front makes of the counts, cells × genes; 0 where one is missing.
        codes_n
            The predicted labels.
        counts_ng
            Raw counts of the model's genes, cells × genes; 0 where one is missing.
        ruler
            As :meth:`ruler` gives it for the genes that were measured.
        """
        return self._score(self.parts(values_ng, codes_n, counts_ng, ruler))

    def ruler(self, missing_g: Tensor) -> Ruler:
        """Return what cells are measured with that lack some genes.

        Parameters
        ----------
        missing_g
            Which genes were not measured.
        """
        share_kg = self.share_kg.masked_fill(missing_g, 0.0)
        share_kg = share_kg / share_kg.sum(dim=1, keepdim=True).clamp(min=1e-30)
        map_gc, added_cc = self._components(missing_g)
        precision_kcc = self.inverse((self.covariance_kcc + added_cc).double())
        tables = (self.deviance_mean_j, self.deviance_variance_j)
        return Ruler(map_gc, precision_kcc, Expected.of(share_kg, tables))

    def of_csr(
        self,
        values_ng: Tensor | SparseRows,
        codes_n: Tensor,
        counts_ng: sparse.csr_matrix,
        ruler: Ruler,
    ) -> NDArray[np.float32]:
        """Return the score for counts in CSR, with zeros where a gene was not measured."""
        beyond = excess_deviance_of_csr(counts_ng, codes_n, ruler.expected)
        score_n: NDArray[np.float32] = self._score(self._parts(values_ng, beyond, ruler)).numpy()
        return score_n

    def judge(
        self, score_n: NDArray[np.floating], codes_n: NDArray[np.int64], *, share_of_genes: float
    ) -> QueryVerdict:
        """Judge the scores of a whole query; see :func:`~.query_verdict.judge_scores`.

        Parameters
        ----------
        score_n, codes_n
            Scores and predicted labels of its cells.
        share_of_genes
            The share of the model's genes that it has.
        """
        beyond_n = score_n - self.usual_k.numpy()[codes_n]
        home_q, abroad_q = self.beyond_home_q.numpy(), self.beyond_abroad_q.numpy()
        return judge_scores(beyond_n, home_q, abroad_q, share_of_genes=share_of_genes)

    def threshold(self, reject_known: float, verdict: Verdict) -> float | None:
        """Return the score above which a cell is called unknown, if there can be one.

        Parameters
        ----------
        reject_known
            The share of held-out cells, whose labels are known, above it.
        verdict
            On the query.
        """
        levels = {"home": self.home_q, "abroad": self.abroad_q}
        if verdict not in levels:
            return None
        return float(levels[verdict].quantile(1 - reject_known))

    def parts(self, values_ng: Tensor, codes_n: Tensor, counts_ng: Tensor, ruler: Ruler) -> Tensor:
        """Return distance and misfit, cells × 2, before they are scaled; see :meth:`forward`."""
        return self._parts(values_ng, excess_deviance(counts_ng, codes_n, ruler.expected), ruler)

    def _parts(
        self, values_ng: Tensor | SparseRows, beyond: tuple[Tensor, Tensor], ruler: Ruler
    ) -> Tensor:
        excess_n, error_n = beyond
        misfit_n = excess_n / (self.misfit_variance + error_n.square()).sqrt().clamp(min=1e-9)
        return torch.stack([self._distance(values_ng, ruler), misfit_n], dim=1)

    def _score(self, parts_ns: Tensor) -> Tensor:
        scaled_ns = (parts_ns - self.middle_s) / self.spread_s
        return scaled_ns.clamp(_LOWEST, _HIGHEST).mean(dim=1)

    def _distance(self, values_ng: Tensor | SparseRows, ruler: Ruler) -> Tensor:
        """Return the Mahalanobis distance to the nearest label."""
        no_offset_c = ruler.map_gc.new_zeros(ruler.map_gc.shape[1])
        values_nc = affine(values_ng, ruler.map_gc, no_offset_c)
        offset_knc = (values_nc[None] - self.center_kc[:, None]).double()
        square_kn = ((offset_knc @ ruler.precision_kcc) * offset_knc).sum(dim=2)
        return square_kn.amin(dim=0).clamp(min=0.0).sqrt().float()

    def _components(self, missing_g: Tensor) -> tuple[Tensor, Tensor]:
        """Return what turns values into components, and the covariance that missing genes add.

        With missing genes the components are those that fit the measured genes best, by least
        squares. A free constant takes up the centring of each cell, which was over other genes.
        """
        n_comps = self.axes_gc.shape[1]
        measured_g1 = (~missing_g).double()[:, None]
        design = torch.cat([self.axes_gc * measured_g1, measured_g1], dim=1)
        identity = torch.eye(n_comps + 1, dtype=torch.float64, device=missing_g.device)
        inverse = self.inverse(design.T @ design + _RIDGE * identity)
        added_cc = self.noise * (inverse - identity)[:n_comps, :n_comps]
        lacking, axes_gc = missing_g.any(), self.axes_gc.double()
        map_gc = torch.where(lacking, (design @ inverse)[:, :n_comps], axes_gc)
        return map_gc.float(), torch.where(lacking, added_cc, torch.zeros_like(added_cc))
