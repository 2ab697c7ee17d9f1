"""Scores of several draws in; inflation from double dipping, and structure or none, out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INFLATED = ("accuracy", "kappa", "f1_macro")
"""The metrics in which inflation is reported."""


@dataclass(frozen=True)
class Inflation:
    """How much double dipping alone adds to one classifier's score.

    Labels are clusters of one half of the counts. One protocol predicts them from that very
    half, the other from the other half, at equal depth: the difference is what a clustering
    gains by predicting itself.

    Attributes
    ----------
    recipe, metric
        What was judged, and by what.
    differences
        The score with the same half minus that with the other half, per draw.
    """

    recipe: str
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


def inflation_of(
    recipe: str, metric: str, same_half_r: Sequence[float], other_half_r: Sequence[float]
) -> Inflation:
    """Subtract the scores with the other half from those with the same half, draw by draw.

    Parameters
    ----------
    recipe, metric
        What was judged, and by what.
    same_half_r, other_half_r
        The scores of each draw, in the same order.
    """
    return Inflation(recipe, metric, tuple(np.subtract(same_half_r, other_half_r).tolist()))


@dataclass(frozen=True)
class Structure:
    """Whether the labels can be told apart better than clusters of structureless counts.

    Those differ by depth and multinomial noise alone. Cells on one continuous gradient can
    be told apart better, too: this is necessary for types, and not sufficient.

    Attributes
    ----------
    low
        The lower bound of the reference recipe's κ, with labels from one half of the counts
        and features from the other.
    nulls
        The same recipe's κ on structureless counts, per draw; 0 for a draw that is one cluster.
    protocol, null
        The names of the two protocols.
    """

    low: float
    nulls: tuple[float, ...]
    protocol: str
    null: str

    @property
    def is_there(self) -> bool:
        """Whether the lower bound exceeds the largest of the structureless draws."""
        return self.low > max(self.nulls)

    @property
    def verdict(self) -> str:
        """The result in words."""
        draws = "1 draw" if len(self.nulls) == 1 else f"{len(self.nulls)} draws"
        scores = (
            f"κ under {self.protocol} at least {self.low:.3f}, under {self.null} at most "
            f"{max(self.nulls):.3f} in {draws}"
        )
        if self.is_there:
            return (
                f"there is structure beyond depth and counting noise ({scores}); "
                "this does not show that there are separate types"
            )
        return f"no evidence of structure beyond depth and counting noise ({scores})"


def structure_of(
    low: float | None, nulls: Sequence[float], *, n_drawn: int, protocol: str, null: str
) -> Structure | None:
    """Return the verdict on structure, or ``None`` without an interval or without null draws.

    Parameters
    ----------
    low
        The lower bound of κ under ``protocol``.
    nulls
        κ under ``null``, per structureless draw that gave more than one cluster.
    n_drawn
        How often structureless counts were drawn; a draw that is one cluster has nothing
        to tell apart, and counts as a κ of 0.
    protocol, null
        The names of the two protocols.
    """
    if low is None or n_drawn < 1:
        return None
    return Structure(low, (*nulls, *[0.0] * (n_drawn - len(nulls))), protocol, null)


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
