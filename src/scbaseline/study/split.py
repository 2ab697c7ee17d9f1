"""The split: labels in; for every cell, the part that it plays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.config import RunConfig
from scbaseline.errors import InputError
from scbaseline.randomness import Stream, generator

LEFT_OUT, TRAINING, VALIDATION, TEST = range(4)

PARTS = ("left out", "train", "validation", "test")
"""The names of the parts, by their code."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which cells train, which stop and calibrate, which test.

    Attributes
    ----------
    part_n
        Per cell ``TRAINING``, ``VALIDATION``, ``TEST``, or ``LEFT_OUT`` for cells without a
        label; int8.
    notes
        What is weaker than its name says, for the reader of the results.

    Examples
    --------
    >>> import numpy as np
    >>> import scbaseline as sb
    >>> split = sb.split_cells(np.repeat([0, 1], 50), sb.RunConfig())
    >>> sorted(set(split.names_n.tolist()))
    ['test', 'train', 'validation']
    """

    part_n: NDArray[np.int8]
    notes: tuple[str, ...] = ()

    def rows(self, *parts: int) -> NDArray[np.int64]:
        """Return the rows of the cells that play one of ``parts``, in order."""
        return np.flatnonzero(np.isin(self.part_n, parts))

    @property
    def names_n(self) -> NDArray[np.str_]:
        """The name of each cell's part."""
        return np.asarray(PARTS)[self.part_n]

    def without_validation(self) -> "Split":
        """Return the same split with the validation cells among the training cells."""
        part_n = np.where(self.part_n == VALIDATION, TRAINING, self.part_n)
        return Split(part_n.astype(np.int8), self.notes)


def split_cells(codes_n: NDArray[np.int64], config: RunConfig, *, draw: int = 0) -> Split:
    """Deal each label's cells to test, validation and training, at random.

    The shares hold within each label, and every label has at least one cell in each part:
    a label that no test cell carries would have no score, one that no training cell
    carries could not be learnt.

    Parameters
    ----------
    codes_n
        Label code per cell, −1 for none.
    config
        ``test_fraction``, ``validation_fraction``, ``seed``.
    draw
        Another draw deals the cells anew.

    Raises
    ------
    InputError
        A label has fewer than three cells.

    Examples
    --------
    >>> import numpy as np
    >>> import scbaseline as sb
    >>> split = sb.split_cells(np.repeat([0, 1], 50), sb.RunConfig(test_fraction=0.2))
    >>> int((split.names_n == "test").sum())
    20
    """
    rng = generator(config.seed, Stream.SPLIT, draw)
    part_n = np.full(len(codes_n), LEFT_OUT, dtype=np.int8)
    for rows in _by_label(codes_n, rng, at_least=3):
        n_test = min(max(1, round(config.test_fraction * len(rows))), len(rows) - 2)
        n_validation = round(config.validation_fraction * len(rows))
        _deal(part_n, rows, n_test=n_test, n_validation=n_validation)
    return Split(part_n)


def split_folds(
    codes_n: NDArray[np.int64], config: RunConfig, *, draw: int = 0
) -> tuple[Split, ...]:
    """Deal each label's cells to folds, so that every cell is a test cell exactly once.

    In each fold, the other cells are dealt to validation and training as in
    :func:`split_cells`, with at least one of each label in both.

    Parameters
    ----------
    codes_n
        Label code per cell, −1 for none.
    config
        ``folds``, ``validation_fraction``, ``test_fraction``, ``seed``.

    Raises
    ------
    InputError
        A label has fewer than three cells.
    """
    rng = generator(config.seed, Stream.SPLIT, draw)
    parts = [np.full(len(codes_n), LEFT_OUT, dtype=np.int8) for _ in range(config.folds)]
    # Of the cells that are no test cells; the same share of them as in the main split.
    share = config.validation_fraction / (1 - config.test_fraction)
    for rows in _by_label(codes_n, rng, at_least=3):
        # The folds' order is drawn anew, so that small labels do not all fall into the first.
        fold_of = rng.permutation(config.folds)[np.arange(len(rows)) % config.folds]
        for fold, part_n in enumerate(parts):
            test, rest = rows[fold_of == fold], rng.permutation(rows[fold_of != fold])
            ordered = np.concatenate([test, rest])
            _deal(part_n, ordered, n_test=len(test), n_validation=round(share * len(rest)))
    return tuple(Split(part_n) for part_n in parts)


def split_groups(
    codes_n: NDArray[np.int64], groups_n: NDArray[np.int64], config: RunConfig, *, draw: int = 0
) -> Split:
    """Deal whole groups (donors, batches) to test, validation and training, at random.

    No group has cells in two parts, so that test cells are of groups of which the fit has
    seen nothing. Where no other group is left to validate on, or none that shares a label
    with the training groups, the validation cells are of the training groups, and the
    split's notes say so.

    Parameters
    ----------
    codes_n
        Label code per cell, −1 for none.
    groups_n
        Group code per cell, −1 for none; cells without a group are left out.
    config
        ``test_fraction``, ``validation_fraction`` (of the groups), ``group_key``, ``seed``.

    Raises
    ------
    InputError
        Fewer than two groups have labelled cells.
    """
    rng = generator(config.seed, Stream.SPLIT, draw)
    groups = rng.permutation(_known_groups(codes_n, groups_n, config))
    n_test = min(max(1, round(config.test_fraction * len(groups))), max(1, len(groups) - 2))
    return _split_by_groups(codes_n, groups_n, rng, config, test=groups[:n_test])


def split_group_folds(
    codes_n: NDArray[np.int64], groups_n: NDArray[np.int64], config: RunConfig, *, draw: int = 0
) -> tuple[Split, ...]:
    """Deal whole groups to folds of alike size, at random; every cell is a test cell once.

    There are ``config.folds`` folds, or one per group where there are fewer groups. In each
    fold, the other groups are dealt to validation and training as in :func:`split_groups`.

    Parameters
    ----------
    codes_n, groups_n, config
        As for :func:`split_groups`, and ``folds``.

    Raises
    ------
    InputError
        Fewer than two groups have labelled cells.
    """
    rng = generator(config.seed, Stream.SPLIT, draw)
    groups = rng.permutation(_known_groups(codes_n, groups_n, config))
    n_cells = np.array([((groups_n == group) & (codes_n >= 0)).sum() for group in groups])
    groups = groups[np.argsort(-n_cells, kind="stable")]
    n_folds = min(config.folds, len(groups))
    # Each fold gets one of the largest groups, one of the next largest, and so on, at random:
    # folds differ by no more cells than the largest group has, and repeats hold other groups.
    fold_of = np.concatenate([rng.permutation(n_folds) for _ in range(0, len(groups), n_folds)])
    fold_of = fold_of[: len(groups)]
    return tuple(
        _split_by_groups(codes_n, groups_n, rng, config, test=groups[fold_of == fold])
        for fold in range(n_folds)
    )


def _known_groups(
    codes_n: NDArray[np.int64], groups_n: NDArray[np.int64], config: RunConfig
) -> NDArray[np.int64]:
    known = np.unique(groups_n[(codes_n >= 0) & (groups_n >= 0)])
    if len(known) < 2:
        raise InputError(
            f"--group-key {config.group_key}: {len(known)} group has labelled cells; two are the "
            "least, one to train and one to test on; leave --group-key out, or name another column"
        )
    return known


def _split_by_groups(
    codes_n: NDArray[np.int64],
    groups_n: NDArray[np.int64],
    rng: np.random.Generator,
    config: RunConfig,
    *,
    test: NDArray[np.int64],
) -> Split:
    """Give the groups ``test`` to test, and deal the others to validation and training."""
    judged = (codes_n >= 0) & (groups_n >= 0)
    part_n = np.full(len(codes_n), LEFT_OUT, dtype=np.int8)
    part_n[judged] = TRAINING
    part_n[judged & np.isin(groups_n, test)] = TEST
    others = rng.permutation(np.unique(groups_n[part_n == TRAINING]))
    # Of the groups that are no test groups; the same share of them as in a split of cells.
    share = config.validation_fraction / (1 - config.test_fraction)
    if len(others) > 1:
        n_validation = min(max(1, round(share * len(others))), len(others) - 1)
        validation_n = np.isin(groups_n, others[:n_validation]) & (part_n == TRAINING)
        learnt = codes_n[(part_n == TRAINING) & ~validation_n]
        if np.isin(codes_n[validation_n], learnt).any():
            part_n[validation_n] = VALIDATION
            return Split(part_n)
        why = "the validation groups share no label with the training groups"
    else:
        why = "one group is left to train on"
    codes_of_training = np.where(part_n == TRAINING, codes_n, -1)
    for rows in _by_label(codes_of_training, rng, at_least=1):
        part_n[rows[: min(max(1, round(share * len(rows))), len(rows) - 1)]] = VALIDATION
    return Split(part_n, (f"{why}: validation cells are of the same groups as training cells",))


def split_without_test(codes_n: NDArray[np.int64], config: RunConfig, *, draw: int = 0) -> Split:
    """Deal each label's cells to validation and training only, for a model that is to be used.

    Parameters
    ----------
    codes_n
        Label code per cell, −1 for none.
    config
        ``validation_fraction``, ``seed``.

    Raises
    ------
    InputError
        A label has fewer than two cells.
    """
    rng = generator(config.seed, Stream.SPLIT, draw)
    part_n = np.full(len(codes_n), LEFT_OUT, dtype=np.int8)
    for rows in _by_label(codes_n, rng, at_least=2):
        n_validation = round(config.validation_fraction * len(rows))
        _deal(part_n, rows, n_test=0, n_validation=n_validation)
    return Split(part_n)


def _by_label(
    codes_n: NDArray[np.int64], rng: np.random.Generator, *, at_least: int
) -> Iterator[NDArray[np.int64]]:
    for code in np.unique(codes_n[codes_n >= 0]):
        rows = rng.permutation(np.flatnonzero(codes_n == code))
        if len(rows) < at_least:
            raise InputError(
                f"split: a label has {len(rows)} cells; one for each part is the least; "
                "raise --min-cells-per-label"
            )
        yield rows


def _deal(
    part_n: NDArray[np.int8], rows: NDArray[np.int64], *, n_test: int, n_validation: int
) -> None:
    """Give the first rows to test, the next to validation, the rest (one at least) to training."""
    n_validation = min(max(1, n_validation), len(rows) - n_test - 1)
    part_n[rows[:n_test]] = TEST
    part_n[rows[n_test : n_test + n_validation]] = VALIDATION
    part_n[rows[n_test + n_validation :]] = TRAINING
