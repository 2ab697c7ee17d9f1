"""Claims about one protocol's fit where parts do not hold the same labels."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import SMALL, simulate

from scbaseline import run_protocol
from scbaseline.errors import InputError
from scbaseline.study.labels import labels_from_column
from scbaseline.study.preparation import counts_of
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.results import ProtocolRun
from scbaseline.study.split import LEFT_OUT, TEST, TRAINING, VALIDATION, Split

CONFIG = replace(SMALL, label_key="cell_type", recipe=("hvg-earlystop",))
CELLS = simulate(n_cells=300, n_types=3, effect=2.0)
LABELS = labels_from_column(CELLS.obs, CONFIG)


def fit(part_n: np.ndarray) -> ProtocolRun:
    return run_protocol(
        PROTOCOLS["inductive"],
        counts_of(CELLS),
        LABELS,
        split=Split(part_n),
        config=CONFIG,
        baselines=(),
    )


def parts(*, third: str) -> np.ndarray:
    """Deal cells to parts in turn; those of the third label that do not test play ``third``."""
    dealt = np.array([TRAINING, TRAINING, VALIDATION, TEST])[np.arange(len(LABELS.codes_n)) % 4]
    return np.where((LABELS.codes_n == 2) & (dealt != TEST), third, dealt)


def test_a_label_of_validation_cells_alone_neither_stops_nor_calibrates() -> None:
    """The fit is that of a split without these cells, and its notes name the label."""
    found, without = fit(parts(third=VALIDATION)), fit(parts(third=LEFT_OUT))
    mine, other = (one.trained["hvg-earlystop"] for one in (found, without))
    assert mine.fit is not None
    assert other.fit is not None
    assert mine.fit.history == other.fit.history
    assert mine.temperature == other.temperature
    n_cells = int((parts(third=VALIDATION) == VALIDATION)[LABELS.codes_n == 2].sum())
    assert found.notes[-1] == (
        f"{n_cells} cells, left out of stopping and calibration, carry labels that no training "
        "cell has: type 2"
    )
    assert "test cells carry labels" in found.notes[0]


def test_validation_cells_without_any_learnt_label_are_an_error() -> None:
    """Nothing could stop the training; a made split that asks for it is refused."""
    part_n = parts(third=VALIDATION)
    part_n[(LABELS.codes_n != 2) & (part_n == VALIDATION)] = TRAINING
    with pytest.raises(InputError, match="no validation cell carries a label"):
        fit(part_n)
