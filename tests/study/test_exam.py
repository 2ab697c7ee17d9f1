"""Claims about the exam of unknown scores: each label is left out once, and of a model that can."""

import dataclasses

import numpy as np
import pytest
from conftest import SMALL, simulate

from scbaseline import check_counts, train
from scbaseline.errors import ConfigError
from scbaseline.study.exam import _without
from scbaseline.study.split import TEST, TRAINING, VALIDATION, Split

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", folds=2, threads=1)


def test_each_label_is_left_out_once() -> None:
    """A row for each label; strangers are told from known cells better than by chance."""
    config = dataclasses.replace(CONFIG, recipe=("robust",))
    card = train(check_counts(simulate(n_cells=300)), config, exam=True).classifier.card
    assert [row["label"] for row in card.exam] == list(card.labels)
    assert np.mean([row["auroc"] for row in card.exam]) > 0.7
    assert all(row["looks_like"] != row["label"] for row in card.exam)


def test_no_cell_of_a_label_that_is_left_out_is_learnt_from() -> None:
    """Its training and validation cells become test cells; the others stay."""
    part_n = np.array([TRAINING, VALIDATION, TEST, TRAINING], dtype=np.int8)
    left_out_n = np.array([True, True, True, False])
    assert (_without(Split(part_n), left_out_n).part_n == [TEST, TEST, TEST, TRAINING]).all()


def test_a_recipe_without_scores_takes_no_exam() -> None:
    """The error says which recipe, and what to do."""
    config = dataclasses.replace(CONFIG, recipe=("logistic",))
    with pytest.raises(ConfigError, match="logistic has no unknown score; leave --exam out"):
        train(check_counts(simulate(n_cells=100)), config, exam=True)
