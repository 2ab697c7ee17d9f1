"""A card whose JSON is not what a card holds is refused when it is read, not when it is used."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from conftest import SMALL, simulate
from safetensors import safe_open
from safetensors.torch import save_file

from scbaseline import Classifier, train
from scbaseline.errors import ModelFileError
from scbaseline.learn.recipes import RECIPES, Recipe
from scbaseline.model.card_types import require_types
from scbaseline.report.sections.card import card_findings
from scbaseline.report.sections.predictions import trust_finding

WRONG = [None, 5, -1.5, "x", [], [1], {}, {"a": 1}, True, [None], {"title": 5}]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_recipe_of_every_card_is_of_the_right_types(recipe: Recipe) -> None:
    """What a card holds of any row of the table can be read again."""
    require_types({"recipe": json.loads(json.dumps(asdict(recipe)))})


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small model's file."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    settings = replace(SMALL, label_key="cell_type", recipe=("pca",))
    train(simulate(), settings).classifier.save(path)
    return path


def test_any_entry_of_any_type_is_refused_or_works(saved: Path, tmp_path: Path) -> None:
    """Each entry is replaced by each of some values; then the model is shown and used."""
    with safe_open(saved, "pt") as file:
        card = json.loads(file.metadata()["scbaseline"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    path, n_refused = tmp_path / "changed.safetensors", 0
    for name in card:
        for wrong in WRONG:
            save_file(tensors, path, {"scbaseline": json.dumps(card | {name: wrong})})
            try:
                classifier = Classifier.load(path)
            except ModelFileError as error:
                assert "\n" not in str(error)  # noqa: PT017 (either outcome will do)
                n_refused += 1
                continue
            card_findings(classifier.card, detail=True)
            trust_finding(classifier.card)
            assert set(classifier.card.note) == {"recipe", "trained_on", "sha256"}
            classifier.predict(simulate(n_cells=5))
    assert n_refused > 0.8 * len(card) * len(WRONG)


@pytest.mark.parametrize("text", ["[]", "5", "null", "[" * 100_000, '"card"'])
def test_a_card_that_is_no_object_is_refused(saved: Path, tmp_path: Path, text: str) -> None:
    """In one line, as a damaged file is."""
    with safe_open(saved, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, tmp_path / "x.safetensors", {"scbaseline": text})
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        Classifier.load(tmp_path / "x.safetensors")
