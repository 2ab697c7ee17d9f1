"""Scores of several draws in; what double dipping is worth, and whether there are types, out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRICED = ("f1_macro", "kappa")
"""The metrics that double dipping is priced in."""

REFERENCE = "logistic"
"""The classifier that verdicts are about and that networks are compared with: fixed in advance,
since the best one on these cells would be best by chance, too."""


@dataclass(frozen=True)
class Price:
    """What double dipping alone is worth to one classifier, in one metric.

    The labels are clusters of one half of the counts. ``half`` predicts them from that very
    half, ``thinned`` from the other one, at equal depth: the difference is what a clustering
    gains by predicting itself.

    Attributes
    ----------
    classifier, metric
        What was judged, and by what.
    differences
        The score under ``half`` less that under ``thinned``, per draw of the halves.
    """

    classifier: str
    metric: str
    differences: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over draws."""
        return float(np.mean(self.differences))

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest of the draws."""
        return min(self.differences), max(self.differences)


def price_of(
    classifier: str, metric: str, half_r: Sequence[float], thinned_r: Sequence[float]
) -> Price:
    """Price double dipping from the scores under ``half`` and ``thinned``, draw by draw.

    Parameters
    ----------
    classifier, metric
        What was judged, and by what.
    half_r, thinned_r
        The scores of each draw, in the same order.
    """
    return Price(classifier, metric, tuple(np.subtract(half_r, thinned_r).tolist()))


@dataclass(frozen=True)
class TypeEvidence:
    """Whether the labels can be told apart better than clusters of structureless counts.

    Those differ by depth and multinomial noise alone. Cells on one continuous gradient can
    be told apart better, too: this is necessary for types, and not sufficient.

    Attributes
    ----------
    low
        The lower bound of :data:`REFERENCE`'s κ under ``thinned``.
    nulls
        The same classifier's κ under ``null-thinned``, per draw; 0 for a draw that is one
        cluster.
    """

    low: float
    nulls: tuple[float, ...]

    @property
    def found(self) -> bool:
        """Whether the lower bound exceeds the largest of the structureless draws."""
        return self.low > max(self.nulls)

    @property
    def verdict(self) -> str:
        """The finding in words."""
        worst = max(self.nulls)
        figures = (
            f"κ under thinned at least {self.low:.3f}, under null-thinned at most {worst:.3f} "
            f"in {len(self.nulls)} draws"
        )
        if self.found:
            return (
                f"there is structure beyond depth and counting noise ({figures}); "
                "that it is one of discrete types is not shown"
            )
        return f"no evidence of structure beyond depth and counting noise ({figures})"


def type_evidence(
    low: float | None, nulls: Sequence[float], *, n_drawn: int
) -> TypeEvidence | None:
    """Return the verdict on structure, or ``None`` without an interval or without null draws.

    Parameters
    ----------
    low
        The lower bound of the thinned κ.
    nulls
        κ of each structureless draw that gave more than one cluster.
    n_drawn
        How often structureless counts were drawn; a draw that is one cluster has nothing
        to tell apart, and counts as a κ of 0.
    """
    if low is None or n_drawn < 1:
        return None
    return TypeEvidence(low, (*nulls, *[0.0] * (n_drawn - len(nulls))))


def least_kappa(value: float, true_rn: NDArray[np.int64]) -> float:
    """Return the lower bound of a κ that rests on cells which are all right.

    By the rule of three, up to 3 of n such cells might have been wrong, a share of 3 / n. κ is
    1 − (share wrong) / (1 − p_e), where p_e is the agreement by chance, here the chance that
    two cells have one label: so many wrong cells cost κ 3 / (n (1 − p_e)).

    Parameters
    ----------
    value
        κ, the same in every draw.
    true_rn
        Label codes, repeats × cells; −1 where a cell was not judged. The bound is that of the
        repeat in which it is least.

    References
    ----------
    Hanley & Lippman-Hand, If nothing goes wrong, is everything all right?, JAMA 1983; Cohen, A
    coefficient of agreement for nominal scales, Educational and Psychological Measurement 1960.
    """
    costs = []
    for codes_n in true_rn:
        size_k = np.bincount(codes_n[codes_n >= 0])
        n = size_k.sum()
        by_chance = (size_k / n) @ (size_k / n)
        costs.append(float(3 / (n * (1 - by_chance))))
    return value - max(costs)
