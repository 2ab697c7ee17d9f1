"""Gene coverage: which genes a query lacks in; what that costs each label out.

Training measures on validation cells how macro-F1 falls as genes are taken away, against
the share of *decision weight* that the remaining genes carry. A query's own share then
says what to expect of it, before anyone has a label for it.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from scbaseline.errors import InputError, ScbaselineWarning

LOST = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""The shares of genes that are taken away to measure the curve."""

N_DRAWS = 3
"""Random choices of genes per share."""

WARN_LOSS = 0.05
"""Warn where the expected macro-F1 falls by more than this."""

REFUSE_WEIGHT = 0.25
"""Refuse, unless forced, where the genes found carry less of the decision weight than this."""


@dataclass(frozen=True)
class Coverage:
    """What a query's genes let a model do.

    Attributes
    ----------
    n_found, n_genes
        The model's genes that the query has, and all of them.
    kept_weight
        The share of decision weight that the query's genes carry, mean over labels.
    kept_weight_by_label
        The same per label.
    expected_loss
        By how much macro-F1 fell on validation cells when only so much weight was kept.
    expected_loss_by_label
        The same for each label's F1.
    """

    n_found: int
    n_genes: int
    kept_weight: float
    kept_weight_by_label: dict[str, float]
    expected_loss: float
    expected_loss_by_label: dict[str, float]

    @property
    def suffering(self) -> list[str]:
        """The labels whose F1 is expected to fall by more than ``WARN_LOSS``, the worst first."""
        falling = self.expected_loss_by_label
        return sorted((k for k in falling if falling[k] > WARN_LOSS), key=lambda k: -falling[k])


def measure_gene_loss(
    predict: Callable[[NDArray[np.bool_]], NDArray[np.int64]],
    weight_kg: NDArray[np.floating[Any]],
    codes_n: NDArray[np.int64],
    labels: Sequence[str],
    *,
    seed: int,
) -> tuple[dict[str, Any], ...]:
    """Measure macro-F1 and each label's F1 on validation cells under random gene loss.

    Parameters
    ----------
    predict
        Takes which genes are measured; returns label codes of the validation cells.
    weight_kg
        Decision weight, labels × genes; each row sums to 1.
    codes_n
        True label codes of the validation cells.

    Returns
    -------
    tuple of dict
        One per share of genes lost, nothing lost first: ``lost``, ``kept_weight``,
        ``f1_macro`` and ``f1`` by label, each the mean over draws.
    """
    rng = np.random.default_rng(seed)
    codes = np.arange(len(labels))
    n_genes = weight_kg.shape[1]
    curve = []
    for lost in (0.0, *LOST):
        draws = []
        for _ in range(N_DRAWS if lost else 1):
            measured_g = rng.permutation(n_genes) >= round(lost * n_genes)
            f1 = f1_score(codes_n, predict(measured_g), labels=codes, average=None, zero_division=0)
            draws.append((weight_kg[:, measured_g].sum(axis=1).mean(), f1))
        f1_k = np.mean([f1 for _, f1 in draws], axis=0)
        curve.append(
            {
                "lost": lost,
                "kept_weight": float(np.mean([kept for kept, _ in draws])),
                "f1_macro": float(f1_k.mean()),
                "f1": {label: float(f1) for label, f1 in zip(labels, f1_k, strict=True)},
            }
        )
    return tuple(curve)


def assess_coverage(
    measured_g: NDArray[np.bool_],
    weight_kg: NDArray[np.floating[Any]],
    curve: Sequence[dict[str, Any]],
    labels: Sequence[str],
) -> Coverage:
    """Say what is to be expected of a query that has only some of a model's genes.

    Parameters
    ----------
    measured_g
        Which of the model's genes the query has.
    weight_kg, curve
        As the model stores them; see :func:`measure_gene_loss`.
    """
    kept_k = weight_kg[:, measured_g].sum(axis=1)
    steps = sorted(curve, key=lambda step: step["kept_weight"])
    at = [step["kept_weight"] for step in steps]

    def loss(f1: list[float], kept: float) -> float:
        # More genes cannot be expected to serve worse: chance rises are levelled out.
        level = np.maximum.accumulate(f1)
        return float(max(level[-1] - np.interp(kept, at, level), 0.0))

    kept = float(kept_k.mean())
    return Coverage(
        n_found=int(measured_g.sum()),
        n_genes=len(measured_g),
        kept_weight=kept,
        kept_weight_by_label=dict(zip(labels, map(float, kept_k), strict=True)),
        expected_loss=loss([step["f1_macro"] for step in steps], kept),
        expected_loss_by_label={
            label: loss([step["f1"][label] for step in steps], float(one))
            for label, one in zip(labels, kept_k, strict=True)
        },
    )


def require_coverage(coverage: Coverage, *, force: bool) -> None:
    """Warn where a query's genes weaken the predictions, and refuse where they carry few.

    Raises
    ------
    InputError
        Less than ``REFUSE_WEIGHT`` of the decision weight is left, and ``force`` is not set.
    """
    if coverage.n_found == coverage.n_genes:
        return
    said = (
        f"the data have {coverage.n_found:,} of the model's {coverage.n_genes:,} genes, which "
        f"carry {coverage.kept_weight:.0%} of its decisions; on validation cells, such a loss "
        f"cost {coverage.expected_loss:.2f} of macro-F1"
    )
    if coverage.kept_weight < REFUSE_WEIGHT and not force:
        raise InputError(
            f"{said}; at least {REFUSE_WEIGHT:.0%} is wanted: check that genes and species are "
            "the model's, or predict all the same with --force"
        )
    if coverage.expected_loss > WARN_LOSS or coverage.suffering or force:
        worst = [
            f"{label} (F1 −{coverage.expected_loss_by_label[label]:.2f})"
            for label in coverage.suffering[:5]
        ]
        labels = f"; most for {', '.join(worst)}" if worst else ""
        warnings.warn(f"{said}{labels}", ScbaselineWarning, stacklevel=4)
