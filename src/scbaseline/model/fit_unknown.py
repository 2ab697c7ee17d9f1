"""Training and held-out cells in; an unknown score that has learnt from both out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from scbaseline.learn.augment import Augmentation, augment
from scbaseline.learn.profile import CountsNetwork
from scbaseline.model.deviance import excess_deviance, moment_tables
from scbaseline.model.unknown import N_LEVELS, UnknownScore

_N_COMPS = 30
_BLOCK = 4096  # cells whose values are held at once
_PRIOR_COUNTS = 1000.0  # of the pooled profile, added to each label's own
_PRIOR_CELLS = 3.0  # for each component: the weight of the pooled covariance
_PRIOR_USUAL = 20  # cells that the median over all labels counts for beside a label's own
_NOWHERE = 1e6  # in units of components, whose spread is about 10
_DRAWS = 4  # times that the held-out cells are augmented

ABROAD = Augmentation(groups=6, min_rate=0.3, max_gain=0.4, panel_share=0.0)
"""How far another laboratory may be from the training cells before their labels are in doubt.

Its limits, and those of :mod:`~scbaseline.model.query_verdict`, were chosen on PBMC 3k, PBMC 4k
and the sorted cells of Zheng et al. 2017, and on structureless and shuffled counts of these.
"""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Cells whose labels are known.

    Attributes
    ----------
    counts_ng
        Raw counts of the model's genes, cells × genes.
    codes_n
        Label codes.
    """

    counts_ng: sparse.csr_matrix
    codes_n: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Moved:
    """Scores of held-out cells as another laboratory might have measured them."""

    score_n: Tensor
    codes_n: Tensor


Module = Callable[[Tensor], Tensor]


def fit_unknown(
    module: nn.Module,
    train: Labelled,
    held_out: Labelled,
    *,
    n_labels: int,
    seed: int,
) -> UnknownScore:
    """Return a score fitted on training cells and put on the scale of held-out cells.

    Parameters
    ----------
    module
        What a recipe on counts learnt.
    train
        The cells that the classifier was trained on.
    held_out
        Cells that it was not trained on.
    n_labels
        The number of labels.
    seed
        Of axes and augmentation.
    """
    if not isinstance(module, CountsNetwork):
        raise TypeError("only a recipe on counts has an unknown score")
    front, network = module.front, module.network
    with torch.no_grad():
        unknown = _fitted(front, train, n_labels, seed=seed)
        counts_ng = torch.from_numpy(held_out.counts_ng.toarray().astype(np.float32))
        _calibrate(unknown, front, network, counts_ng, seed=seed)
    return unknown


def score_cells(
    module: nn.Module, unknown: UnknownScore, counts_ng: sparse.csr_matrix
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the unknown score and the predicted label of cells that have all genes.

    Parameters
    ----------
    module, unknown
        What a recipe on counts learnt, and its score.
    counts_ng
        Raw counts of the model's genes.
    """
    if not isinstance(module, CountsNetwork):
        raise TypeError("only a recipe on counts has an unknown score")
    scores, codes = [], []
    with torch.inference_mode():
        ruler = unknown.ruler(torch.zeros(counts_ng.shape[1], dtype=torch.bool))
        for rows, x_ng in _values(module.front, counts_ng):
            codes_n = module.network(x_ng).argmax(dim=1)
            scores.append(unknown.of_csr(x_ng, codes_n, counts_ng[rows], ruler))
            codes.append(codes_n.numpy())
    return np.concatenate(scores), np.concatenate(codes)


def _fitted(front: Module, train: Labelled, n_labels: int, *, seed: int) -> UnknownScore:
    """Learn axes, profiles, centres and covariances from the training cells."""
    codes_n = torch.from_numpy(train.codes_n)
    n_k = torch.bincount(codes_n, minlength=n_labels)
    axes_gc = _principal_axes(front, train.counts_ng, seed)
    components, residual = [], 0.0
    for _, x_ng in _values(front, train.counts_ng):
        components.append(x_ng @ axes_gc)
        residual += float((x_ng - components[-1] @ axes_gc.T).square().sum())
    components_nc = torch.cat(components)
    sums_kc = torch.zeros(n_labels, axes_gc.shape[1]).index_add_(0, codes_n, components_nc)
    center_kc = sums_kc / n_k.clamp(min=1)[:, None]
    center_kc[n_k == 0] = _NOWHERE  # no cell is near to a label that was not taught
    chosen = sparse.csr_matrix(
        (np.ones(len(codes_n)), (train.codes_n, np.arange(len(codes_n)))),
        shape=(n_labels, len(codes_n)),
    )
    counts_kg = torch.from_numpy((chosen @ train.counts_ng).toarray())
    # One count more for each gene: a share of zero would make a misfit infinite.
    pooled_g = counts_kg.sum(dim=0) + 1
    counts_kg = counts_kg + _PRIOR_COUNTS * pooled_g / pooled_g.sum()
    unknown = UnknownScore(len(axes_gc), n_labels, axes_gc.shape[1])
    mean_j, variance_j = moment_tables()
    for name, values in {
        "axes_gc": axes_gc,
        "noise": torch.tensor(residual / np.prod(train.counts_ng.shape)),
        "center_kc": center_kc,
        "covariance_kcc": _covariances(components_nc - center_kc[codes_n], codes_n, n_k),
        "share_kg": counts_kg / counts_kg.sum(dim=1, keepdim=True),
        "deviance_mean_j": mean_j,
        "deviance_variance_j": variance_j,
    }.items():
        unknown.get_buffer(name).copy_(values)
    return unknown


def _values(front: Module, counts_ng: sparse.csr_matrix) -> Iterator[tuple[slice, Tensor]]:
    for start in range(0, counts_ng.shape[0], _BLOCK):
        rows = slice(start, start + _BLOCK)
        yield rows, front(torch.from_numpy(counts_ng[rows].toarray().astype(np.float32)))


def _principal_axes(front: Module, counts_ng: sparse.csr_matrix, seed: int) -> Tensor:
    """Return the leading axes, genes × components, by subspace iteration on a sum over cells.

    A gene's values are about zero in the mean over the training cells already.
    """
    n_cells, n_genes = counts_ng.shape
    n_comps = min(_N_COMPS, n_cells, n_genes)
    gram_gg = torch.zeros(n_genes, n_genes)
    for _, x_ng in _values(front, counts_ng):
        gram_gg.addmm_(x_ng.T, x_ng, alpha=1 / n_cells)
    rng = torch.Generator().manual_seed(seed)
    basis = torch.randn(n_genes, min(n_comps + 20, n_genes), generator=rng)
    for _ in range(12):
        basis = torch.linalg.qr(gram_gg @ basis).Q
    vectors: Tensor = torch.linalg.eigh(basis.T @ gram_gg @ basis).eigenvectors
    return basis @ vectors.flip(1)[:, :n_comps]


def _covariances(offset_nc: Tensor, codes_n: Tensor, n_k: Tensor) -> Tensor:
    """Return a covariance for each label, shrunk to the pooled one.

    The pooled one counts as three cells for each component: a label of 14 cells takes nearly
    all of it. The factor 1 + 1 / n stands for the uncertain centre of a small sample.
    """
    pooled_cc = offset_nc.T @ offset_nc / len(offset_nc)
    weight = _PRIOR_CELLS * offset_nc.shape[1]
    covariances = []
    for k, n in enumerate(n_k.tolist()):
        own_nc = offset_nc[codes_n == k]
        shrunk_cc = (own_nc.T @ own_nc + weight * pooled_cc) / (n + weight)
        covariances.append(shrunk_cc * (1 + 1 / max(n, 1)))
    return torch.stack(covariances)


def _calibrate(
    unknown: UnknownScore,
    front: Module,
    network: Module,
    counts_ng: Tensor,
    *,
    seed: int,
) -> None:
    """Put the two scores on the scale of held-out cells, and keep how their mean spreads."""
    ruler = unknown.ruler(torch.zeros(counts_ng.shape[1], dtype=torch.bool))

    def scored(counts_ng: Tensor) -> tuple[Tensor, Tensor]:
        x_ng = front(counts_ng)
        codes_n = network(x_ng).argmax(dim=1)
        return cast("Tensor", unknown(x_ng, codes_n, counts_ng, ruler)), codes_n

    x_ng = front(counts_ng)
    codes_n = network(x_ng).argmax(dim=1)
    excess_n, error_n = excess_deviance(counts_ng, codes_n, ruler.expected)
    variance = (1.4826 * (excess_n - excess_n.median()).abs().median()) ** 2
    beyond_sampling = variance - error_n.square().median()
    unknown.misfit_variance.copy_(torch.maximum(beyond_sampling, 0.1 * variance))
    parts_ns = unknown.parts(x_ng, codes_n, counts_ng, ruler)
    unknown.middle_s.copy_(parts_ns.median(dim=0).values)
    unknown.spread_s.copy_((parts_ns.quantile(0.9, dim=0) - unknown.middle_s).clamp(min=1e-6))
    home_n, codes_n = scored(counts_ng)
    abroad = _moved(scored, counts_ng, seed=seed)
    for k in range(len(unknown.usual_k)):
        own_n = home_n[codes_n == k]
        own = own_n.median() if len(own_n) else 0.0
        weight = len(own_n) / (len(own_n) + _PRIOR_USUAL)
        unknown.usual_k[k] = weight * own + (1 - weight) * home_n.median()
    levels_q = torch.linspace(0, 1, N_LEVELS)
    unknown.home_q.copy_(home_n.quantile(levels_q))
    unknown.abroad_q.copy_(abroad.score_n.quantile(levels_q))
    unknown.beyond_home_q.copy_((home_n - unknown.usual_k[codes_n]).quantile(levels_q))
    beyond_n = abroad.score_n - unknown.usual_k[abroad.codes_n]
    unknown.beyond_abroad_q.copy_(beyond_n.quantile(levels_q))


def _moved(
    scored: Callable[[Tensor], tuple[Tensor, Tensor]],
    counts_ng: Tensor,
    *,
    seed: int,
) -> _Moved:
    """Score the held-out cells as other laboratories might have measured them."""
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(_DRAWS):
        order_n = torch.from_numpy(rng.permutation(len(counts_ng)))
        draws.append(scored(augment(counts_ng[order_n], ABROAD, rng)))
    scores, codes = zip(*draws, strict=True)
    return _Moved(torch.cat(scores), torch.cat(codes))
