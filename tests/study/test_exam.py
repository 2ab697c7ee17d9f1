"""Claims about the exam of unknown scores: each label is left out once, and of a model that can."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, simulate

from scbaseline import check_counts, train
from scbaseline.data.read import open_counts
from scbaseline.errors import ConfigError, ScbaselineWarning
from scbaseline.learn.recipes import RECIPES
from scbaseline.study.exam import split_without
from scbaseline.study.split import LEFT_OUT, TEST, TRAINING, VALIDATION

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", folds=2, threads=1)
CODES_N, DONORS_N = np.repeat([0, 1, 2], 50), np.arange(150) % 5
PARTS = TRAINING, VALIDATION, TEST


def test_each_label_is_left_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for each label; strangers are told from known cells better than by chance."""
    robust = RECIPES["robust"]
    fewer = dataclasses.replace(robust, settings={**robust.settings, "min_steps": 100})
    monkeypatch.setitem(RECIPES, "robust", fewer)
    config = dataclasses.replace(CONFIG, recipe=("robust",))
    card = train(check_counts(simulate(n_cells=300)), config, exam=True).classifier.card
    assert [row["label"] for row in card.exam] == list(card.labels)
    assert np.mean([row["auroc"] for row in card.exam]) > 0.7
    assert all(row["looks_like"] != row["label"] for row in card.exam)


@pytest.mark.parametrize("grouped", [False, True])
def test_no_cell_of_a_label_that_is_left_out_is_learnt_from(*, grouped: bool) -> None:
    """Its cells are all test cells."""
    groups_n = DONORS_N if grouped else None
    split = split_without(1, CODES_N, groups_n, CONFIG)
    assert (split.part_n[CODES_N == 1] == TEST).all()
    assert (split.part_n[CODES_N != 1] != TEST).any()


def test_known_test_cells_are_of_donors_that_nothing_was_learnt_from() -> None:
    """With groups, no donor has known cells in two parts, and a cell without one is left out."""
    donors_n = np.where(np.arange(len(DONORS_N)) < 2, -1, DONORS_N)
    split = split_without(1, CODES_N, donors_n, CONFIG)
    is_known_n = CODES_N != 1
    donors = [set(donors_n[is_known_n & (split.part_n == part)]) for part in PARTS]
    assert all(donors)
    assert sum(map(len, donors)) == len(set.union(*donors)) == 5
    assert (split.part_n[donors_n < 0] == LEFT_OUT).all()


@pytest.mark.long
def test_an_exam_with_donors_and_a_label_of_one_donor() -> None:
    """A known label that was not learnt takes no part, and the exam goes on."""
    cells = simulate(n_cells=300)
    cells.obs["donor"] = [f"d{k % 5}" for k in range(cells.n_obs)]
    cells.obs["cell_type"] = cells.obs["cell_type"].astype(str)
    cells.obs.loc[cells.obs["donor"] == "d0", "cell_type"] = "alone"
    config = dataclasses.replace(CONFIG, recipe=("robust",), group_key="donor")
    with pytest.warns(ScbaselineWarning, match="donor has 5 values"):
        card = train(check_counts(cells), config, exam=True).classifier.card
    assert [row["label"] for row in card.exam] == list(card.labels)
    assert next(row for row in card.exam if row["label"] == "alone")["n"] == 60


def test_counts_on_disk_take_no_exam(tmp_path: Path) -> None:
    """It is refused before anything is fitted; the error says what to type."""
    path = tmp_path / "cells.h5ad"
    simulate(n_cells=100).write_h5ad(path)
    config = dataclasses.replace(CONFIG, recipe=("robust",))
    with open_counts(path) as adata, pytest.raises(ConfigError, match="--no-from-disk"):
        train(adata, config, exam=True)


def test_a_recipe_without_scores_takes_no_exam() -> None:
    """The error says which recipe, and what to do."""
    config = dataclasses.replace(CONFIG, recipe=("logistic",))
    with pytest.raises(ConfigError, match="logistic has no unknown score; leave --exam out"):
        train(check_counts(simulate(n_cells=100)), config, exam=True)
