"""Claims about the split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbaseline import RunConfig, split_cells
from scbaseline.errors import InputError
from scbaseline.split import (
    LEFT_OUT,
    TEST,
    TRAINING,
    VALIDATION,
    split_folds,
    split_without_test,
)

sizes = st.lists(st.integers(5, 60), min_size=2, max_size=5)


def codes_of(sizes: list[int], n_unlabelled: int, seed: int) -> np.ndarray:
    codes = np.concatenate([np.full(n, code) for code, n in enumerate(sizes)])
    codes = np.append(codes, np.full(n_unlabelled, -1))
    return np.random.default_rng(seed).permutation(codes)


@given(sizes, st.integers(0, 5), st.integers(0, 99))
def test_every_label_is_in_every_part(sizes: list[int], n_unlabelled: int, seed: int) -> None:
    """Each labelled cell has one part, each label every part, the others none."""
    codes = codes_of(sizes, n_unlabelled, seed)
    split = split_cells(codes, RunConfig(seed=seed))
    for code in range(len(sizes)):
        assert {TRAINING, VALIDATION, TEST} == set(split.part_n[codes == code])
    assert set(split.part_n[codes < 0]) <= {LEFT_OUT}


@given(sizes, st.integers(0, 99))
def test_shares_hold_within_each_label(sizes: list[int], seed: int) -> None:
    """A label's test cells are a fifth of it, to the nearest cell, or one at least."""
    codes = codes_of(sizes, 0, seed)
    split = split_cells(codes, RunConfig(seed=seed))
    for code, n in enumerate(sizes):
        n_test = (split.part_n[codes == code] == TEST).sum()
        assert abs(n_test - max(1, 0.2 * n)) <= 0.5


def test_the_seed_alone_decides() -> None:
    """The same seed gives the same split, another seed another."""
    codes = codes_of([50, 50], 0, 0)
    one, same, other = (split_cells(codes, RunConfig(seed=s)).part_n for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_without_validation_only_moves_validation_cells() -> None:
    """Test cells stay test cells, so that protocols are judged on the same ones."""
    split = split_cells(codes_of([50, 50], 3, 0), RunConfig())
    merged = split.without_validation()
    np.testing.assert_array_equal(split.rows(TEST), merged.rows(TEST))
    np.testing.assert_array_equal(split.rows(TRAINING, VALIDATION), merged.rows(TRAINING))


@given(sizes, st.integers(0, 5), st.integers(0, 99))
def test_in_folds_every_cell_is_tested_once(sizes: list[int], n_unlabelled: int, seed: int) -> None:
    """Each labelled cell is a test cell in one fold; every fold trains and stops on each label."""
    codes = codes_of(sizes, n_unlabelled, seed)
    folds = split_folds(codes, RunConfig(seed=seed))
    tested = sum((fold.part_n == TEST).astype(int) for fold in folds)
    np.testing.assert_array_equal(tested, codes >= 0)
    for fold in folds:
        for code in range(len(sizes)):
            assert {TRAINING, VALIDATION} <= set(fold.part_n[codes == code])


@given(sizes, st.integers(0, 99))
def test_without_test_cells_every_labelled_cell_serves(sizes: list[int], seed: int) -> None:
    """A model for use is trained or stopped on every labelled cell, and tested on none."""
    codes = codes_of(sizes, 2, seed)
    split = split_without_test(codes, RunConfig(seed=seed))
    for code in range(len(sizes)):
        assert set(split.part_n[codes == code]) == {TRAINING, VALIDATION}


def test_two_cells_cannot_be_split() -> None:
    """A label needs a cell for each part."""
    with pytest.raises(InputError, match="2 cells"):
        split_cells(np.array([0, 0, 1, 1, 1]), RunConfig())
