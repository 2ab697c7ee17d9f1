"""Claims about random numbers: none is used twice."""

from collections import Counter
from itertools import product

import numpy as np

from scbaseline.randomness import Stream, generator, library_seed

SEEDS, DRAWS = range(21), range(5)


def test_no_two_draws_share_a_number() -> None:
    """Of 21 seeds, all streams and 5 draws each, the first 50 numbers of 64 bits all differ."""
    numbers = np.concatenate(
        [
            generator(seed, stream, draw).integers(2**64, size=50, dtype=np.uint64)
            for seed, stream, draw in product(SEEDS, Stream, DRAWS)
        ]
    )
    assert len(np.unique(numbers)) == len(numbers) == 21 * len(Stream) * 5 * 50


def test_folds_of_a_draw_have_numbers_of_their_own() -> None:
    """Draw 1 of fold 0 is not draw 0 of fold 1."""
    first = [
        generator(seed, Stream.FIT, draw, fold).integers(2**62)
        for seed, draw, fold in product(SEEDS, DRAWS, DRAWS)
    ]
    assert len(set(first)) == len(first)


def test_the_same_three_give_the_same_numbers() -> None:
    """Nothing else decides."""
    one, two = (generator(3, Stream.SPLIT, 1).random(20) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_seeds_for_libraries_are_small_and_differ() -> None:
    """They fit into 31 bits, as libraries want them, and none occurs twice here."""
    seeds = [library_seed(*key) for key in product(SEEDS, Stream, DRAWS)]
    assert 0 <= min(seeds) <= max(seeds) < 2**31
    assert Counter(seeds).most_common(1)[0][1] == 1


def test_a_stream_keeps_its_number() -> None:
    """Results of an older version can be made again: a number is never given anew."""
    numbers = [stream.value for stream in Stream]
    assert len(Stream.__members__) == len(set(numbers))  # a second name would be an alias
    assert (Stream.SPLIT, Stream.THINNING, Stream.FIT, Stream.INTERVALS) == (1, 2, 5, 10)
