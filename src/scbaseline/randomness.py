"""A seed, a stream and a draw in; a generator of random numbers that no other shares, out.

NumPy's ``SeedSequence`` mixes the three, so that neighbouring seeds or draws have nothing in
common: with ``seed + draw``, an audit with seed 1 would repeat two thirds of one with seed 0.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are for. A number is never used again for something else."""

    SPLIT = 1
    THINNING = 2
    QUARTERS = 3
    STRUCTURELESS = 4
    FIT = 5
    OTHER_CLUSTERS = 7
    INTERVALS = 10
    ORDER = 11
    GENE_LOSS = 12
    UNKNOWN = 13
    SETS = 14
    SHOWN = 20
    RANK = 21
    VIEWS = 22
    EQUAL_DEPTH = 23


def generator(seed: int, stream: Stream, *draw: int) -> np.random.Generator:
    """Return a generator for one stream, and one draw of it.

    Parameters
    ----------
    seed
        As in the settings.
    stream
        What the numbers are for.
    draw
        Which of several draws, folds or repeats they are for.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, stream, *draw]))


def library_seed(seed: int, stream: Stream, *draw: int) -> int:
    """Return a seed below 2³¹ for a library with a generator of its own; as :func:`generator`."""
    (state,) = np.random.SeedSequence([seed, stream, *draw]).generate_state(1)
    return int(state >> 1)
