"""Claims about the split."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbaseline import RunConfig, split_cells
from scbaseline.errors import InputError
from scbaseline.study.split import (
    LEFT_OUT,
    PARTS,
    TEST,
    TRAINING,
    VALIDATION,
    Split,
    split_folds,
    split_group_folds,
    split_groups,
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


CODES, GROUPS = np.arange(180) % 3, np.repeat(np.arange(60), 3)
DONORS = RunConfig(group_key="donor")


@pytest.mark.parametrize(
    "splits_of",
    [
        lambda config, draw: [split_cells(CODES, config, draw=draw)],
        lambda config, draw: split_folds(CODES, config, draw=draw),
        lambda config, draw: [split_groups(CODES, GROUPS, config, draw=draw)],
        lambda config, draw: split_group_folds(CODES, GROUPS, config, draw=draw),
        lambda config, draw: [split_without_test(CODES, config, draw=draw)],
    ],
    ids=["cells", "folds", "groups", "folds of groups", "without test"],
)
def test_no_two_seeds_share_a_split(
    splits_of: Callable[[RunConfig, int], list[Split]],
) -> None:
    """Of seeds 0 to 20, with three repeats each, all splits differ, and so do their test cells."""
    splits = [
        split
        for seed in range(21)
        for draw in range(3)
        for split in splits_of(replace(DONORS, seed=seed), draw)
    ]
    assert len({split.part_n.tobytes() for split in splits}) == len(splits)
    tested = [split.rows(TEST).tobytes() for split in splits if TEST in split.part_n]
    assert len(set(tested)) == len(tested)


def test_parts_are_small_codes_with_names() -> None:
    """A code is a byte, and points to the name of its part."""
    split = split_cells(np.array([0] * 10 + [1] * 10 + [-1]), RunConfig())
    assert split.part_n.dtype == split.without_validation().part_n.dtype == np.int8
    assert set(split.names_n) == set(PARTS)
    assert split.names_n[-1] == "left out"
    for part, name in ((TRAINING, "train"), (VALIDATION, "validation"), (TEST, "test")):
        np.testing.assert_array_equal(split.rows(part), np.flatnonzero(split.names_n == name))


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


groups_of_cells = st.lists(st.integers(-1, 7), min_size=30, max_size=120)


@given(groups_of_cells, st.integers(0, 99))
def test_groups_never_straddle_a_split(groups: list[int], seed: int) -> None:
    """With three groups or more that share a label, no donor has cells in two parts."""
    groups_n = np.array([0, 1, 2, *groups])
    codes_n = np.random.default_rng(seed).integers(-1, 3, size=len(groups_n))
    codes_n[np.unique(groups_n, return_index=True)[1]] = 0  # the first cell of each group
    config = RunConfig(seed=seed, group_key="donor")
    for split in (
        split_groups(codes_n, groups_n, config),
        *split_group_folds(codes_n, groups_n, config),
    ):
        for group in np.unique(groups_n):
            parts = set(split.part_n[(groups_n == group) & (codes_n >= 0)])
            assert parts <= {LEFT_OUT} if group < 0 else len(parts) <= 1
        assert {TRAINING, VALIDATION, TEST} == set(split.part_n) - {LEFT_OUT}
        assert not split.notes


@given(groups_of_cells, st.integers(0, 99), st.integers(2, 6))
def test_every_grouped_cell_is_tested_once(groups: list[int], seed: int, folds: int) -> None:
    """Over the folds, each labelled cell of a known group is a test cell exactly once."""
    groups_n = np.array([0, 1, *groups])
    codes_n = np.zeros(len(groups_n), dtype=np.int64)
    splits = split_group_folds(
        codes_n, groups_n, RunConfig(seed=seed, group_key="donor", folds=folds)
    )
    tested = sum((split.part_n == TEST).astype(int) for split in splits)
    np.testing.assert_array_equal(tested, (groups_n >= 0).astype(int))
    assert len(splits) == min(folds, len(np.unique(groups_n[groups_n >= 0])))


def test_repeats_hold_out_other_groups_together() -> None:
    """Ten donors of unlike size: each repeat pairs others, and folds stay alike in size."""
    n_cells = np.array([90, 80, 72, 61, 55, 44, 37, 28, 19, 14])
    groups_n = np.repeat(np.arange(10), n_cells)
    partitions = set()
    for draw in range(20):
        codes_n = np.arange(len(groups_n)) % 2
        splits = split_group_folds(codes_n, groups_n, DONORS, draw=draw)
        tested = [split.rows(TEST) for split in splits]
        partitions.add(frozenset(frozenset(groups_n[rows]) for rows in tested))
        assert np.ptp([len(rows) for rows in tested]) <= n_cells.max()
    assert len(partitions) > 10


def test_two_groups_validate_within_the_training_group() -> None:
    """There is no third group; the split says so, and the test group is still whole."""
    groups_n, codes_n = np.repeat([0, 1], 50), np.tile([0, 1], 50)
    split = split_groups(codes_n, groups_n, RunConfig(group_key="donor"))
    assert len(set(split.part_n[groups_n == 0]) & set(split.part_n[groups_n == 1])) == 0
    assert {TRAINING, VALIDATION, TEST} == set(split.part_n)
    assert "same group" in split.notes[0]


def test_validation_cells_share_a_label_with_training_cells() -> None:
    """Donors with labels of their own could not stop each other: cells are dealt within them."""
    groups_n, codes_n = np.repeat(np.arange(3), 40), np.repeat(np.arange(6), 20)
    for split in split_group_folds(codes_n, groups_n, RunConfig(group_key="donor")):
        assert set(codes_n[split.rows(VALIDATION)]) <= set(codes_n[split.rows(TRAINING)])
        assert len(split.rows(VALIDATION))
        assert "share no label" in split.notes[0]


def test_three_groups_in_two_folds_are_not_called_two() -> None:
    """With two of three donors tested, one is left to train on, and the note says that."""
    groups_n, codes_n = np.repeat(np.arange(3), [50, 30, 30]), np.tile([0, 1], 55)
    splits = split_group_folds(codes_n, groups_n, RunConfig(group_key="donor", folds=2))
    notes = [note for split in splits for note in split.notes]
    assert len(notes) == 1
    assert notes[0].startswith("one group is left to train on")


def test_one_group_is_an_error() -> None:
    """Nobody is unseen; the message names the flag and the way out."""
    with pytest.raises(InputError, match=r"--group-key donor: 1 group .*leave --group-key out"):
        split_groups(np.tile([0, 1], 20), np.zeros(40, dtype=int), RunConfig(group_key="donor"))
