"""Claims about trainings that are killed and go on."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError
from scbaseline.learn.checkpoint import Checkpoint
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.recipes import RECIPES, Recipe

CONFIG = RunConfig(device="cpu")
EARLY = RECIPES["hvg-earlystop"]
LONG = dataclasses.replace(EARLY, settings=EARLY.settings | {"max_epochs": 6, "patience": 6})


def examples(n: int = 300, *, seed: int = 0) -> Examples:
    """Return three classes around three corners of a cube."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(3, size=n)
    x = 2 * np.eye(6)[codes] + rng.normal(size=(n, 6))
    return Examples(x.astype(np.float32), codes)


CELLS, HELD_OUT = examples(), examples(seed=1)


class Killed(Exception):  # noqa: N818 (it stands for a signal)
    """Stands for a signal."""


def fit(recipe: Recipe, file: Path | None, *, die_in_pass: int = 99, what: str = "x") -> Learnt:
    order = np.random.default_rng(3)
    n_passes = 0

    def passes() -> Iterator[Examples]:
        nonlocal n_passes
        n_passes += 1
        for rows in np.split(order.permutation(len(CELLS.codes_n)), 3):
            if n_passes == die_in_pass:
                raise Killed
            yield CELLS.rows(rows)

    checkpoint = None if file is None else Checkpoint(file, {"what": what, "config": {"seed": 1}})
    training = TrainingCells(CELLS, passes, order=order, checkpoint=checkpoint)
    return recipe.fit(training, HELD_OUT, n_labels=3, config=CONFIG, seed=0)


def test_a_killed_training_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    """Weights and curve are bit for bit those of a training that ran through."""
    file = tmp_path / "deep" / "fit.safetensors"
    with pytest.raises(Killed):
        fit(LONG, file, die_in_pass=4)
    assert [path.name for path in file.parent.iterdir()] == ["fit.safetensors"]
    resumed, through = fit(LONG, file), fit(LONG, None)
    assert resumed.curve == through.curve
    assert len(resumed.curve.history) == 6
    for name, tensor in through.module.state_dict().items():
        np.testing.assert_array_equal(resumed.module.state_dict()[name], tensor, err_msg=name)


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    """What it learnt is read; no pass is started."""
    file = tmp_path / "fit.safetensors"
    first = fit(LONG, file)
    assert fit(LONG, file, die_in_pass=1).curve == first.curve


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    """The message says what differs and what to do."""
    file = tmp_path / "fit.safetensors"
    fit(LONG, file)
    with pytest.raises(ConfigError, match=r"what was x, and is y.*remove the file"):
        fit(LONG, file, what="y")
    file.write_bytes(b"something else")
    with pytest.raises(ConfigError, match="is no checkpoint"):
        fit(LONG, file)


def test_a_fixed_number_of_steps_goes_on(tmp_path: Path) -> None:
    """Recipe robust takes the steps that are left, and learns what it would have."""
    robust = RECIPES["robust"]
    few = {"min_steps": 40, "epochs": 1, "hidden": (16, 8), "members": 2}
    recipe = dataclasses.replace(robust, settings=robust.settings | few)
    counts_ng = np.random.default_rng(0).poisson(3.0, (300, 40)).astype(np.float32)
    counts_ng[CELLS.codes_n == 1, :5] = 30
    cells = Examples(sparse.csr_matrix(counts_ng), CELLS.codes_n)
    checkpoint = Checkpoint(tmp_path / "fit.safetensors", {})
    config = dataclasses.replace(CONFIG, batch_size=32)

    def fit(training: TrainingCells) -> Learnt:
        return recipe.fit(training, cells, n_labels=3, config=config, seed=0)

    n_blocks = 0

    def passes() -> Iterator[Examples]:
        nonlocal n_blocks
        n_blocks += 1
        if n_blocks == 4:  # the first pass is for the front
            raise Killed
        yield cells

    with pytest.raises(Killed):
        fit(TrainingCells(cells, passes, checkpoint=checkpoint))
    before = checkpoint.load()
    assert before is not None
    assert before.facts["steps"] == 18
    resumed = fit(TrainingCells(cells, lambda: [cells], checkpoint=checkpoint))
    through = fit(TrainingCells(cells, lambda: [cells]))
    for name, tensor in through.module.state_dict().items():
        np.testing.assert_array_equal(resumed.module.state_dict()[name], tensor, err_msg=name)
