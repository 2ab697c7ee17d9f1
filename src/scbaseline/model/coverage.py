"""Gene coverage: which genes a query lacks in; what that costs each label out.

Training measures on validation cells how macro-F1 falls as genes are taken away, against
the share of *decision weight* that the remaining genes carry. A query's own share then
says what to expect of it, before anyone has a label for it. A panel of genes can be plenty:
only a query of which nothing can be expected is refused.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from scbaseline.errors import InputError, ScbaselineWarning

LOST = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
"""The shares of genes that are taken away to measure the curve."""

N_DRAWS = 3
"""Random choices of genes per share."""

WARN_LOSS = 0.05
"""Warn where the expected macro-F1 falls by more than this."""


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
    expected_f1
        Macro-F1 on validation cells when only so much weight was kept.
    majority_f1
        Macro-F1 on these cells of giving all of them the largest label.
    expected_loss
        By how much macro-F1 fell from that with all genes.
    expected_loss_by_label
        The same for each label's F1.
    """

    n_found: int
    n_genes: int
    kept_weight: float
    kept_weight_by_label: dict[str, float]
    expected_f1: float
    majority_f1: float
    expected_loss: float
    expected_loss_by_label: dict[str, float]

    @property
    def suffering(self) -> list[str]:
        """The labels whose F1 is expected to fall by more than ``WARN_LOSS``, the worst first."""
        falling = self.expected_loss_by_label
        return sorted((k for k in falling if falling[k] > WARN_LOSS), key=lambda k: -falling[k])

    @property
    def is_enough(self) -> bool:
        """Whether more can be expected than from giving every cell the largest label."""
        return self.expected_f1 > self.majority_f1


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
        for _ in range(N_DRAWS if 0 < lost < 1 else 1):
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


def score_of_majority(codes_n: NDArray[np.int64], n_labels: int) -> float:
    """Return the macro-F1 of giving every cell the largest label among them.

    Parameters
    ----------
    codes_n
        True label codes of the cells that the curve is measured on.
    n_labels
        The number of labels, k.
    """
    largest_n = np.full_like(codes_n, np.bincount(codes_n).argmax())
    codes = np.arange(n_labels)
    return float(f1_score(codes_n, largest_n, labels=codes, average="macro", zero_division=0))


def assess_coverage(
    measured_g: NDArray[np.bool_],
    weight_kg: NDArray[np.floating[Any]],
    curve: Sequence[dict[str, Any]],
    labels: Sequence[str],
    *,
    majority_f1: float,
) -> Coverage:
    """Say what is to be expected of a query that has only some of a model's genes.

    Parameters
    ----------
    measured_g
        Which of the model's genes the query has.
    weight_kg, curve, majority_f1
        As the model stores them; see :func:`measure_gene_loss` and
        :func:`score_of_majority`.
    """
    kept_k = weight_kg[:, measured_g].sum(axis=1)
    steps = sorted(curve, key=lambda step: step["kept_weight"])
    at = [step["kept_weight"] for step in steps]

    def f1_and_loss(f1: list[float], kept: float) -> tuple[float, float]:
        if not f1:  # a model whose curve was not measured
            return 0.0, 0.0
        # More genes cannot be expected to serve worse: chance rises are levelled out.
        level = np.maximum.accumulate(f1)
        expected = float(np.interp(kept, at, level))
        return expected, max(float(level[-1]) - expected, 0.0)

    kept = float(kept_k.mean())
    expected_f1, expected_loss = f1_and_loss([step["f1_macro"] for step in steps], kept)
    return Coverage(
        n_found=int(measured_g.sum()),
        n_genes=len(measured_g),
        kept_weight=kept,
        kept_weight_by_label=dict(zip(labels, map(float, kept_k), strict=True)),
        expected_f1=expected_f1,
        majority_f1=majority_f1,
        expected_loss=expected_loss,
        expected_loss_by_label={
            label: f1_and_loss([step["f1"][label] for step in steps], float(of_label))[1]
            for label, of_label in zip(labels, kept_k, strict=True)
        },
    )


def require_coverage(coverage: Coverage, *, force: bool) -> None:
    """Warn where missing genes weaken the predictions; refuse where they leave nothing.

    Raises
    ------
    InputError
        No more can be expected than from giving every cell the largest label, and ``force``
        is not set.
    """
    if coverage.n_found == coverage.n_genes:
        return
    found = f"the data have {coverage.n_found:,} of the model's {coverage.n_genes:,} genes"
    if not coverage.is_enough and not force:
        raise InputError(
            f"{found}. With these, a macro-F1 of {coverage.expected_f1:.2f} is expected; giving "
            f"every cell the largest label would reach {coverage.majority_f1:.2f}. Check that "
            "genes and species are the model's, or predict all the same with --force"
        )
    if coverage.expected_loss > WARN_LOSS or coverage.suffering or force:
        worst = [
            f"{label} (F1 −{coverage.expected_loss_by_label[label]:.2f})"
            for label in coverage.suffering[:5]
        ]
        labels = f"; most for {', '.join(worst)}" if worst else ""
        warnings.warn(
            f"{found}, which carry {100 * coverage.kept_weight:.0f} % of its decisions. "
            f"Expect a macro-F1 lower by {coverage.expected_loss:.2f} than with all genes{labels}",
            ScbaselineWarning,
            stacklevel=4,
        )
