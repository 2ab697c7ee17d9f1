"""Claims about one protocol's fit where parts do not hold the same labels."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import SMALL, simulate

from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.learn.recipes import RECIPES
from scbaseline.stages import Stages
from scbaseline.study.fit import Fit, Job, fit_job
from scbaseline.study.labels import labels_from_column
from scbaseline.study.protocols import SAVES_MODELS
from scbaseline.study.split import LEFT_OUT, TEST, TRAINING, VALIDATION, Split

CONFIG = replace(SMALL, label_key="cell_type", recipe=("hvg-earlystop",))
CELLS = simulate(n_cells=300, n_types=3, effect=2.0)
LABELS = labels_from_column(CELLS.obs, CONFIG)


RECIPE = RECIPES["hvg-earlystop"]


def fit(part_n: np.ndarray) -> Fit:
    job = Job(
        SAVES_MODELS,
        Counts.from_anndata(CELLS),
        LABELS,
        Split(part_n),
        (RECIPE,),
        CONFIG,
        keep=True,
    )
    return fit_job(job, Stages())


def parts(*, third: int) -> np.ndarray:
    """Deal cells to parts in turn; those of the third label that do not test play ``third``."""
    dealt = np.array([TRAINING, TRAINING, VALIDATION, TEST])[np.arange(len(LABELS.codes_n)) % 4]
    return np.where((LABELS.codes_n == 2) & (dealt != TEST), third, dealt).astype(np.int8)


def test_a_label_of_validation_cells_alone_neither_stops_nor_calibrates() -> None:
    """The fit is that of a split without these cells, and its notes name the label."""
    result, without = fit(parts(third=VALIDATION)), fit(parts(third=LEFT_OUT))
    mine, other = (of_fit.recipes[RECIPE.name] for of_fit in (result, without))
    assert mine.learnt is not None
    assert other.learnt is not None
    assert mine.learnt.curve == other.learnt.curve
    assert mine.temperature == other.temperature
    n_cells = int((parts(third=VALIDATION) == VALIDATION)[LABELS.codes_n == 2].sum())
    assert result.notes[-1] == (
        f"{n_cells} cells, left out of stopping and calibration, carry labels that no training "
        "cell has: type 2"
    )
    assert "test cells carry labels" in result.notes[-2]


def test_validation_cells_without_any_learnt_label_are_an_error() -> None:
    """Nothing could stop the training; a made split that asks for it is refused."""
    part_n = parts(third=VALIDATION)
    part_n[(LABELS.codes_n != 2) & (part_n == VALIDATION)] = TRAINING
    said = (
        "no validation cell carries a label that a training cell has: validation cells carry "
        "type 2, training cells type 0, type 1; .* a larger --min-cells-per-label, or raise "
        "--validation-fraction"
    )
    with pytest.raises(InputError, match=said):
        fit(part_n)
