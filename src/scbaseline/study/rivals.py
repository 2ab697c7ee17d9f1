"""The fits of a training in; how its recipe does beside simple ones on poorer counts, out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scbaseline.config import RunConfig
from scbaseline.judge.compare import Difference
from scbaseline.learn.recipes import RECIPES, chosen_recipes
from scbaseline.study.evidence import ProtocolEvidence, Row
from scbaseline.study.fit import Fit
from scbaseline.study.judging import difference, judge_protocol
from scbaseline.study.labels import Groups

COMPARED = ("accuracy", "f1_macro")
"""Recipes are compared by both: a recipe may gain in rare labels what it loses in large ones."""

AS_THEY_ARE = "as they are"


@dataclass(frozen=True, eq=False)
class ViewEvidence:
    """How recipes did on held-out cells that are seen in one way.

    Attributes
    ----------
    name
        How they are seen: as they are, or what they keep.
    evidence
        Scores of the recipe that is saved, and of simple ones.
    differences
        The recipe that is saved minus each simple one, for each metric of ``COMPARED``.
    """

    name: str
    evidence: ProtocolEvidence
    differences: tuple[Difference, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The scores over all labels, unless they stand in the training's evidence already."""
        if self.name == AS_THEY_ARE:
            return ()
        return tuple(
            replace(row, protocol=f"{row.protocol}, {self.name}")
            for row in self.evidence.rows
            if row.label is None
        )


def compare_with_rivals(
    fits: Sequence[Fit], config: RunConfig, *, groups: Groups | None = None
) -> tuple[ViewEvidence, ...]:
    """Judge a recipe and simple ones on the same held-out cells, in each way of seeing them.

    Parameters
    ----------
    fits
        Of a training; those without test cells are left out.
    config
        Settled settings, with one recipe.
    groups
        The donor or batch of each kept cell, where a column was named.

    Returns
    -------
    As they are first; nothing where test cells were seen in no other way.
    """
    (chosen,) = chosen_recipes(config.recipe)
    judged = [fit for fit in fits if len(fit.test)]
    # Fractional counts of some test cells may happen to be whole: a view is of all or of none.
    viewed = [fit.recipes[chosen.name].viewed for fit in judged]
    names = [name for name in viewed[0] if all(name in of_fit for of_fit in viewed)]
    if not names:
        return ()
    recipes = [chosen.name, *(r.name for r in RECIPES.values() if r.rival and r != chosen)]
    views = []
    for name in (AS_THEY_ARE, *names):
        seen = [_as_seen(fit, recipes, name) for fit in judged]
        evidence = judge_protocol(seen, config, groups=groups)
        differences = tuple(
            difference(evidence.held_out, chosen.name, reference=rival, metric=metric)
            for rival in recipes[1:]
            for metric in COMPARED
        )
        views.append(ViewEvidence(name, evidence, differences))
    return tuple(views)


def _as_seen(fit: Fit, recipes: Sequence[str], view: str) -> Fit:
    """Return a fit of which only the labels that cells get in one view are known."""
    seen = {}
    for name in recipes:
        of_recipe = fit.recipes[name]
        codes_t = of_recipe.predicted_t if view == AS_THEY_ARE else of_recipe.viewed[view]
        seen[name] = replace(
            of_recipe, predicted_t=codes_t, probability_tk=None, uncalibrated_tk=None
        )
    return replace(fit, recipes=seen)
