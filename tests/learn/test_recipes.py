"""Claims about the recipes: each row of the table is tested by being there."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.special import softmax
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.svm import LinearSVC

from scbaseline import RunConfig
from scbaseline.errors import InputError
from scbaseline.learn.examples import Examples, Learnt, TrainingCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes import (
    FLOOR,
    RECIPES,
    REFERENCE,
    Recipe,
    chosen_recipes,
    recipes_beside,
)
from scbaseline.scale import ScaledCounts

CONFIG = RunConfig(device="cpu")
SEED = 3

THEIRS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "logistic": lambda settings: LogisticRegression(C=1 / settings["penalty"], max_iter=2000),
    "linear_svm": lambda _: LinearSVC(dual=False, random_state=SEED),
    "nearest_centroid": lambda _: NearestCentroid(),
    "majority": lambda _: DummyClassifier(strategy="prior"),
}
"""File of a linear recipe → scikit-learn's model."""

EACH = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
EACH_LINEAR = pytest.mark.parametrize(
    "recipe", [r for r in RECIPES.values() if r.module in THEIRS], ids=lambda recipe: recipe.name
)


def forms(recipe: Recipe) -> list[str]:
    """Return the forms of cells that a recipe can be given."""
    return ["counts"] if recipe.input == "counts" else ["dense", "sparse"]


EACH_IN_ITS_FORMS = pytest.mark.parametrize(
    ("recipe", "form"),
    [
        pytest.param(recipe, form, id=f"{recipe.name}-{form}")
        for recipe in RECIPES.values()
        for form in forms(recipe)
    ],
)
FORMS = pytest.mark.parametrize("form", ["dense", "sparse"])


def examples(n_labels: int, *, form: str = "dense", seed: int = 0, spread: float = 1.0) -> Examples:
    """Return 40 cells of the first label and 20 of each other, 12 features."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_labels), [40] + [20] * (n_labels - 1))
    if form == "counts":
        rate_kg = 1 + 20 * np.eye(n_labels, 12) / spread
        return Examples(sparse.csr_matrix(rng.poisson(rate_kg[codes]).astype(np.float32)), codes)
    x = 3 * np.eye(n_labels, 12)[codes] + spread * rng.normal(size=(len(codes), 12))
    if form == "dense":
        return Examples(x.astype(np.float32), codes)
    x[rng.random(x.shape) < 0.8] = 0
    x += 3 * np.eye(n_labels, 12)[codes]
    return Examples(ScaledCounts(-np.linspace(0, 2, 12), sparse.csr_matrix(x)), codes)


def fit(recipe: Recipe, training: Examples, *, n_labels: int, seed: int = SEED) -> Learnt:
    return recipe.fit(
        TrainingCells(training), training, n_labels=n_labels, config=CONFIG, seed=seed
    )


@EACH_IN_ITS_FORMS
def test_it_gives_a_number_for_every_label(recipe: Recipe, form: str) -> None:
    """Logits are finite, cells × labels, in evaluation mode, and equal for equal seeds."""
    cells = examples(3, form=form)
    learnt, again = (fit(recipe, cells, n_labels=3) for _ in range(2))
    logits_nk = logits(learnt.module, cells.x)
    assert logits_nk.shape == (80, 3)
    assert np.isfinite(logits_nk).all()
    assert not learnt.module.training
    np.testing.assert_array_equal(logits_nk, logits(again.module, cells.x))


@EACH_IN_ITS_FORMS
def test_it_tells_distant_types_apart(recipe: Recipe, form: str) -> None:
    """Well-separated types are learnt, and told apart in cells that were not trained on."""
    if recipe.floor:
        pytest.skip("it ignores the cells' counts")
    cells, others = (examples(3, form=form, seed=seed, spread=0.3) for seed in (0, 1))
    quick = TrainingCells(cells)
    config = replace(CONFIG, learning_rate=0.01, batch_size=8)  # of networks: few cells
    learnt = recipe.fit(quick, cells, n_labels=3, config=config, seed=SEED)
    assert (logits(learnt.module, others.x).argmax(axis=1) == others.codes_n).mean() > 0.97


@EACH
def test_labels_without_a_training_cell_are_survived(recipe: Recipe) -> None:
    """Codes 1, 3 and 5 of six were never trained on: there is a logit for each, all the same."""
    cells = examples(3, form=forms(recipe)[0])
    learnt = fit(recipe, Examples(cells.x, 2 * cells.codes_n), n_labels=6)
    logits_nk = logits(learnt.module, cells.x)
    assert logits_nk.shape == (80, 6)
    assert np.isfinite(logits_nk).all()


@EACH_LINEAR
def test_a_label_without_a_training_cell_is_never_predicted(recipe: Recipe) -> None:
    """Its probability is 0 under any temperature, for cells however far from the others."""
    cells = examples(3)
    learnt = fit(recipe, Examples(cells.x, 2 * cells.codes_n), n_labels=6)
    far = (1e5 * np.random.default_rng(0).normal(size=(50, 12))).astype(np.float32)
    for x in (cells.x, far):
        probability_nk = softmax(logits(learnt.module, x) / 20, axis=1)
        assert (probability_nk[:, [1, 3, 5]] == 0).all()
        np.testing.assert_allclose(probability_nk.sum(axis=1), 1, atol=1e-6)


@EACH
def test_an_empty_module_can_be_filled(recipe: Recipe) -> None:
    """What is built with settings that were saved as JSON takes the weights of what was fitted."""
    cells = examples(3, form=forms(recipe)[0])
    learnt = fit(recipe, cells, n_labels=3)
    saved = replace(recipe, settings=json.loads(json.dumps(recipe.settings)))
    empty = saved.build(n_inputs=12, n_labels=3).eval()
    empty.load_state_dict(learnt.module.state_dict())
    np.testing.assert_array_equal(logits(empty, cells.x), logits(learnt.module, cells.x))


@EACH
def test_torchs_random_state_is_left_alone(recipe: Recipe) -> None:
    """A caller's own random numbers do not depend on what was fitted or built."""
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit(recipe, examples(2, form=forms(recipe)[0]), n_labels=2)
    recipe.build(n_inputs=12, n_labels=2)
    assert torch.equal(torch.rand(3), expected)


@EACH_LINEAR
@FORMS
@pytest.mark.parametrize("n_labels", [2, 3, 5])
def test_a_linear_recipe_predicts_what_scikit_learn_does(
    recipe: Recipe, form: str, n_labels: int
) -> None:
    """On cells that it has and has not seen; scaled counts without their constant row."""
    training, others = (examples(n_labels, form=form, seed=seed, spread=2.0) for seed in (0, 1))
    learnt = fit(recipe, training, n_labels=n_labels)

    def theirs(cells: Examples) -> Any:
        return cells.x if form == "dense" else cells.x.difference_ng

    model = THEIRS[recipe.module](recipe.settings).fit(theirs(training), training.codes_n)
    for cells in (training, others):
        logits_nk = logits(learnt.module, cells.x)
        np.testing.assert_array_equal(logits_nk.argmax(axis=1), model.predict(theirs(cells)))
        if recipe.module == "logistic" or recipe.floor:
            np.testing.assert_allclose(
                softmax(logits_nk, axis=1), model.predict_proba(theirs(cells)), atol=1e-5
            )


def test_the_constant_row_goes_into_the_intercept() -> None:
    """Scaled genes, and their sparse difference from the constant row, give one model.

    The dense one is scikit-learn's, taken to its optimum.
    """
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=150)
    difference = rng.poisson(0.3 + 0.9 * (np.arange(200) % 3 == codes[:, None])) * 0.8
    cells = Examples(ScaledCounts(-rng.random(200), sparse.csr_matrix(difference)), codes)
    training, others = cells.rows(np.arange(100)), cells.rows(np.arange(100, 150))
    learnt = fit(RECIPES["logistic-hvg"], training, n_labels=3)
    theirs = LogisticRegression(C=0.01, max_iter=5000, tol=1e-8)
    theirs.fit(training.x.dense(), training.codes_n)
    np.testing.assert_allclose(
        softmax(logits(learnt.module, others.x), axis=1),
        theirs.predict_proba(others.x.dense()),
        atol=0.01,
    )


@EACH_LINEAR
def test_one_label_is_an_error(recipe: Recipe) -> None:
    """Training cells of one label teach no model; the message names it and counts them."""
    cells = Examples(examples(3).x, np.ones(80, dtype=np.int64))
    with pytest.raises(InputError, match=rf"^{recipe.name}: the 80 training cells have 1 of 3 "):
        fit(recipe, cells, n_labels=3)


def test_one_recipe_is_the_reference_and_one_the_floor() -> None:
    """Verdicts rest on one recipe that is always there; so is the one that ignores counts."""
    assert [r.name for r in RECIPES.values() if r.reference] == [REFERENCE]
    assert [r.name for r in RECIPES.values() if r.floor] == [FLOOR]
    assert {REFERENCE, FLOOR} <= {r.name for r in recipes_beside(())}
    assert sum(r.for_use for r in RECIPES.values()) == 1


def test_names_of_files_are_the_recipes_own() -> None:
    """No two recipes write one confusion matrix."""
    names = [recipe.figure_name for recipe in RECIPES.values()]
    assert len(set(names)) == len(names)


def test_chosen_recipes_are_those_named_in_the_tables_order() -> None:
    """Named twice is named once; a simple recipe that is named is not beside itself."""
    chosen = chosen_recipes(("logistic", "hvg", "logistic"))
    assert [recipe.name for recipe in chosen] == ["hvg", "logistic"]
    beside = recipes_beside(chosen)
    assert not set(map(id, chosen)) & set(map(id, beside))
    assert all(recipe.used == "beside" for recipe in beside)
    assert [r.name for r in chosen_recipes(None)] == [
        r.name for r in RECIPES.values() if r.used == "by default"
    ]
