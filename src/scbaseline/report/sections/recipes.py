"""The table of recipes in; what can be named with ``--recipe``, out."""

from collections.abc import Iterable

from scbaseline.learn.recipes import Recipe
from scbaseline.report.finding import Cell, Finding, Table

_USED = {
    "by default": "in run and audit, unless others are named",
    "beside": "beside the others, always",
    "by name": "where it is named",
}


def recipes_finding(recipes: Iterable[Recipe]) -> Finding:
    """List the recipes: name, what it is, and when it is used."""
    rows = []
    for recipe in recipes:
        used = _USED[recipe.used] + ("; in train, unless another is named" * recipe.for_use)
        rows.append((Cell(recipe.name), Cell(recipe.title), Cell(used)))
    sentences = (
        "Every recipe can be trained, judged and saved: --recipe NAME. Commas join several.",
    )
    return Finding("Recipes", sentences, Table(("name", "what it is", "used"), tuple(rows)))
