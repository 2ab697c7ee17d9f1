"""Claims about settings in which every choice is made."""

from collections.abc import Callable

import pytest

from scbaseline import RunConfig
from scbaseline.errors import ConfigError
from scbaseline.learn.recipes import RECIPES
from scbaseline.study.protocols import BY_GROUP, PROTOCOLS, SAVES_MODELS
from scbaseline.study.settings import settings_of_audit, settings_of_run, settings_of_training

USUAL = tuple(recipe.name for recipe in RECIPES.values() if recipe.used == "by default")
IN_RUN = tuple(protocol.name for protocol in PROTOCOLS.values() if protocol.in_run)

Settle = Callable[[RunConfig], RunConfig]
EACH = pytest.mark.parametrize("settle", [settings_of_run, settings_of_audit])


def training(**settings: object) -> RunConfig:
    return settings_of_training(RunConfig(label_key="cell_type", **settings))


def test_a_run_takes_the_usual_protocols_and_recipes() -> None:
    """What is not named is filled in from the tables."""
    config = settings_of_run(RunConfig())
    assert (config.protocol, config.recipe) == (IN_RUN, USUAL)


def test_an_audit_takes_all_protocols() -> None:
    """Its repeats draw the counts anew, too; labels too small for its folds are left out."""
    config = settings_of_audit(RunConfig(repeats=4, folds=7))
    assert (config.protocol, config.recipe) == (tuple(PROTOCOLS), USUAL)
    assert (config.draws, config.min_cells_per_label) == (4, 7)


@EACH
def test_settled_settings_stay_as_they_are(settle: Settle) -> None:
    """To settle them again changes nothing."""
    config = settle(RunConfig(group_key="donor", recipe=("logistic",)))
    assert settle(config) == config


@EACH
def test_the_order_of_names_does_not_matter(settle: Settle) -> None:
    """Two ways to say the same settings are equal."""
    one = RunConfig(recipe=("hvg", "pca"), protocol=("thinned", "published"))
    two = RunConfig(recipe=("pca", "hvg", "hvg"), protocol=("published", "thinned", "thinned"))
    assert settle(one) == settle(two)
    assert settle(one).recipe == ("pca", "hvg")


@EACH
def test_an_unknown_recipe_brings_near_matches(settle: Settle) -> None:
    """A mistyped recipe is answered with the one that was meant."""
    with pytest.raises(ConfigError, match=r"recipe: 'hgv' is not known.*Did you mean hvg"):
        settle(RunConfig(recipe=("pca", "hgv")))


@EACH
def test_an_unknown_protocol_brings_near_matches(settle: Settle) -> None:
    """A typing error costs one line, not a run."""
    with pytest.raises(ConfigError, match=r"protocol: 'thined'.*Did you mean thinned"):
        settle(RunConfig(protocol=("thined",)))


@EACH
def test_every_recipe_can_be_asked_for(settle: Settle) -> None:
    """Networks and simple recipes alike, one or all of them."""
    assert settle(RunConfig(recipe=tuple(RECIPES))).recipe == tuple(RECIPES)
    for name in RECIPES:
        assert settle(RunConfig(recipe=(name,))).recipe == (name,)


def test_groups_are_tested_where_groups_are_named() -> None:
    """A group key alone asks for it; chosen protocols stay as chosen."""
    assert BY_GROUP.name not in IN_RUN
    assert settings_of_run(RunConfig(group_key="donor")).protocol == (*IN_RUN, BY_GROUP.name)
    chosen = RunConfig(group_key="donor", protocol=("inductive",))
    assert settings_of_run(chosen).protocol == ("inductive",)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_trained_for_use(name: str) -> None:
    """It is judged under the protocol of saved models."""
    config = training(recipe=(name,))
    assert (config.recipe, config.protocol) == ((name,), (SAVES_MODELS.name,))


def test_training_has_one_recipe_of_its_own() -> None:
    """Without a name it takes the one for use; its folds need a cell of each label."""
    config = training(folds=9)
    assert config.recipe == tuple(r.name for r in RECIPES.values() if r.for_use)
    assert config.min_cells_per_label == 9


def test_training_with_groups_is_judged_on_groups() -> None:
    """Whole donors are held out, and nothing else."""
    assert training(group_key="donor").protocol == (BY_GROUP.name,)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"recipe": ("pca", "hvg")}, r"recipe: 2 were given \(pca, hvg\); a model is of one"),
        ({"recipe": ("lgistic",)}, "Did you mean logistic"),
        ({"protocol": ("thinned",)}, "leave --protocol out"),
        ({"group_key": "donor", "label_origin": "same-counts"}, "leave --group-key out"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused(settings: dict, words: str) -> None:
    """The message says what to leave out or to name instead."""
    with pytest.raises(ConfigError, match=words):
        training(**settings)


def test_training_needs_labels() -> None:
    """Clusters are no labels to hand on."""
    with pytest.raises(ConfigError, match="label_key: none was given"):
        settings_of_training(RunConfig())
