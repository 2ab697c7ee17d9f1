"""``scbaseline recipes``: what can be named with ``--recipe``."""

from scbaseline.cli.app import app


@app.command
def recipes() -> None:
    """List the recipes: the name of each, what it is, and when it is used."""
    from scbaseline.learn.recipes import RECIPES
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.recipes import recipes_finding

    Screen().show(recipes_finding(RECIPES.values()))
