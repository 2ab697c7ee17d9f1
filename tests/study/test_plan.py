"""Claims about the splits that commands ask for."""

from dataclasses import replace

import numpy as np
import pytest

from scbaseline import RunConfig
from scbaseline.errors import InputError
from scbaseline.study.draws import Draw
from scbaseline.study.labels import Groups, Labels
from scbaseline.study.plan import Splits, split_once, split_repeatedly
from scbaseline.study.protocols import BY_GROUP, PROTOCOLS, SAVES_MODELS, Protocol
from scbaseline.study.split import TEST

CONFIG = RunConfig(label_key="cell_type", group_key="donor")
LABELS = Labels(np.arange(180) % 3, ("a", "b", "c"), "given:cell_type", "unknown", 0, {})
GROUPS = Groups(np.repeat(np.arange(60), 3), tuple(f"donor {g}" for g in range(60)), "donor")


def draw(number: int, labels: Labels = LABELS) -> Draw:
    return Draw(number, {}, {"all": labels, "half A": labels})


@pytest.mark.parametrize("protocol", [SAVES_MODELS, BY_GROUP], ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("splits_of", [split_once, split_repeatedly])
def test_repeats_of_two_seeds_have_no_split_in_common(
    splits_of: Splits, protocol: Protocol
) -> None:
    """Three repeats with seed 0 and three with seed 1 are six, not four."""
    splits = [
        split.part_n.tobytes()
        for seed in (0, 1)
        for number in range(3)
        for split in splits_of(protocol, draw(number), GROUPS, replace(CONFIG, seed=seed))
    ]
    assert len(set(splits)) == len(splits)


def test_protocols_are_judged_on_the_same_test_cells() -> None:
    """Where labels are the same, a draw has one split for all protocols that test on cells."""
    on_cells = [p for p in PROTOCOLS.values() if p.tests_on == "cells"]
    tested = {
        split.rows(TEST).tobytes()
        for protocol in on_cells
        for split in split_once(protocol, draw(2), None, CONFIG)
    }
    assert len(tested) == 1


def test_structureless_counts_are_split_once_a_draw() -> None:
    """They are drawn anew instead; all others are dealt to folds."""
    for protocol in PROTOCOLS.values():
        n_splits = len(split_repeatedly(protocol, draw(0), GROUPS, CONFIG))
        assert n_splits == (1 if protocol.structureless else CONFIG.folds)


def test_training_groups_of_one_label_are_refused_before_any_fit() -> None:
    """Donors with one label each teach no classifier where one of two is held out."""
    labels = replace(LABELS, codes_n=np.repeat([0, 1], 90))
    groups = Groups(np.repeat([0, 1], 90), ("donor 0", "donor 1"), "donor")
    for splits_of in (split_once, split_repeatedly):
        with pytest.raises(InputError, match="each label should be in several groups"):
            splits_of(BY_GROUP, draw(0, labels), groups, CONFIG)
