"""Settings as the user gave them in; settings with every choice made, or refused, out."""

from collections.abc import Mapping
from dataclasses import replace

from scbaseline.cells.marker_table import read_marker_table
from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError, did_you_mean
from scbaseline.learn.recipes import RECIPES, chosen_recipes
from scbaseline.study.protocols import BY_GROUP, PROTOCOLS, SAME_COUNTS, SAVES_MODELS


def settings_of_run(config: RunConfig) -> RunConfig:
    """Choose the protocols and recipes of a run.

    Raises
    ------
    ConfigError
        A protocol or a recipe that there is not.
    """
    return _settled(config, [p.name for p in PROTOCOLS.values() if p.in_run])


def settings_of_audit(config: RunConfig) -> RunConfig:
    """Choose the protocols and recipes of an audit; one draw of the halves for each repeat.

    A label with fewer cells than folds would be missing from some of the tests, and is left out.

    Raises
    ------
    ConfigError
        A protocol or a recipe that there is not.
    """
    least = max(config.min_cells_per_label, config.folds)
    config = replace(config, min_cells_per_label=least, draws=config.repeats)
    return _settled(config, list(PROTOCOLS))


def settings_of_training(config: RunConfig) -> RunConfig:
    """Choose the recipe of a model for use, and the protocol that it is judged under.

    Raises
    ------
    ConfigError
        No label key, more than one recipe, a protocol of one's own, or groups to judge on
        whose counts the labels were made from.
    """
    if config.label_key is None:
        raise ConfigError("label_key: none was given; name the column of obs to learn")
    if config.protocol is not None:
        raise ConfigError("protocol: a model for use has its own; leave --protocol out")
    if config.recipe is None:
        config = replace(config, recipe=tuple(r.name for r in RECIPES.values() if r.for_use))
    if config.recipe is not None and len(set(config.recipe)) != 1:
        raise ConfigError(
            f"recipe: {len(config.recipe)} were given ({', '.join(config.recipe)}); "
            "a model is of one: name it with --recipe, and train the others apart"
        )
    if config.group_key is not None and config.label_origin == SAME_COUNTS:
        why = BY_GROUP.why_not("given", SAME_COUNTS, group_key=config.group_key)
        raise ConfigError(f"group_key {config.group_key}: {why}, or leave --group-key out")
    protocol = BY_GROUP if config.group_key is not None else SAVES_MODELS
    least = max(config.min_cells_per_label, config.folds)
    return _settled(replace(config, min_cells_per_label=least), [protocol.name])


def _settled(config: RunConfig, protocols: list[str]) -> RunConfig:
    if config.protocol is not None:
        _require_known("protocol", config.protocol, PROTOCOLS)
        protocols = list(config.protocol)
    elif config.group_key is not None:
        protocols = [*protocols, BY_GROUP.name]
    if config.recipe is not None:
        _require_known("recipe", config.recipe, RECIPES)
    if config.markers is not None:
        read_marker_table(config.markers)  # what cannot be read is said before any work starts
    return replace(
        config,
        # One order whatever the order of the flags, so that equal settings are equal.
        protocol=tuple(name for name in PROTOCOLS if name in protocols),
        recipe=tuple(recipe.name for recipe in chosen_recipes(config.recipe)),
    )


def _require_known(name: str, given: tuple[str, ...], table: Mapping[str, object]) -> None:
    for value in given:
        if value not in table:
            raise ConfigError(f"{name}: {value!r} is not known. {did_you_mean(value, table)}")
