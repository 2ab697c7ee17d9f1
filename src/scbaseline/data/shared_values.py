"""Values that several ranks look at in; the verdict that one process would give of all, out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from scbaseline.data.recovery import LARGEST_LOG
from scbaseline.data.values import IMPOSSIBLE, BadValue, Pass, Values, passed_over
from scbaseline.ranks import Ranks, exchanged

Blocks: TypeAlias = "Iterable[tuple[int, sparse.csr_matrix[np.float32]]]"
"""Blocks of cells, each with the number of its first cell."""


def examine_shared_values(blocks: Blocks, ranks: Ranks, *, again: Callable[[], Blocks]) -> Values:
    """Look at every value once; all ranks return what one process would say of all cells.

    Parameters
    ----------
    blocks
        The cells of the own share, in order.
    ranks
        Those that share the cells.
    again
        Starts another pass over the own share, for the rare case that the cells of ranks before
        it change how its values are to be read.
    """
    own = passed_over(blocks)
    return own.verdict() if ranks.size == 1 else _of_all(own, ranks, again).verdict()


def _of_all(own: Pass, ranks: Ranks, again: Callable[[], Blocks]) -> Pass:
    """Return the pass over all ranks' cells, as one process would have made it."""
    bad = {what: asdict(value) for what, value in own.first.items()}
    of_ranks = [
        Pass({what: BadValue(**v) for what, v in seen["bad"].items()}, float(seen["largest"]))
        for seen in exchanged({"bad": bad, "largest": own.largest}, ranks)
    ]
    seen, before = _one_after_the_other(of_ranks), _one_after_the_other(of_ranks[: ranks.rank])
    seen.sums = [ranks.gather(_joined(own.sums))]
    seen.n_genes = [ranks.gather(_joined(own.n_genes, np.int64))]
    if seen.first.keys() != {"non-integers"}:
        return seen  # the kind is known, and nothing can be recovered
    if _differs(own, before):
        own = passed_over(again(), after=before)
    seen.n_whole = [ranks.gather(_joined(own.n_whole, np.int64))]
    seen.undone = {name: [ranks.gather(_joined(parts))] for name, parts in own.undone.items()}
    states = [(attempt.alive, attempt.evidence, attempt.worst) for attempt in own.attempts]
    by_attempt = zip(*exchanged(states, ranks), strict=True)
    for attempt, mine, of_all in zip(seen.attempts, own.attempts, by_attempt, strict=True):
        alive, evidence, worst = zip(*of_all, strict=True)
        attempt.alive, attempt.evidence, attempt.worst = all(alive), sum(evidence), max(worst)
        if attempt.alive:
            attempt.units = [ranks.gather(_joined(mine.units))]
    return seen


def _one_after_the_other(passes: Sequence[Pass]) -> Pass:
    """Return what is known after passes over adjacent cells: of bad values, the first ones."""
    first: dict[str, BadValue] = {}
    for seen in passes:
        first = {**seen.first, **first}
    return Pass(first, max((seen.largest for seen in passes), default=0.0))


def _differs(own: Pass, before: Pass) -> bool:
    """Return whether earlier cells change how the own ones are undone."""
    return (
        (own.skipped and "non-integers" in before.first)
        or before.largest > LARGEST_LOG >= own.largest
        or before.largest > IMPOSSIBLE
    )


def _joined(parts: "list[npt.NDArray[Any]]", dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    return np.concatenate([*parts, np.zeros(0, dtype)])
