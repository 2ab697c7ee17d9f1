"""A model file of an earlier day still gives the predictions that it gave then.

``python tests/test_golden.py`` makes the files anew, after a change of the format that is
meant.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
from conftest import SMALL, simulate

from scbaseline import Classifier, train

GOLDEN = Path(__file__).parent / "golden"


def test_a_kept_model_gives_its_kept_predictions() -> None:
    """Loading and predicting is what it was when the file was written."""
    kept = pd.read_csv(GOLDEN / "predictions.csv", index_col="cell_id")
    now = Classifier.load(GOLDEN / "model.safetensors").predict(simulate(n_cells=50, seed=1))
    assert (now["predicted_label"] == kept["predicted_label"]).all()
    np.testing.assert_allclose(now["probability"], kept["probability"], atol=1e-5)


def test_saving_the_kept_model_gives_its_bytes(tmp_path: Path) -> None:
    """Nothing is added to or lost from a model by loading and saving it."""
    Classifier.load(GOLDEN / "model.safetensors").save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (
        GOLDEN / "model.safetensors"
    ).read_bytes()


if __name__ == "__main__":
    config = dataclasses.replace(SMALL, label_key="cell_type", recipe=("pca",), folds=2)
    classifier = train(simulate(), config).classifier
    classifier.save(GOLDEN / "model.safetensors")
    classifier.predict(simulate(n_cells=50, seed=1)).to_csv(GOLDEN / "predictions.csv")
