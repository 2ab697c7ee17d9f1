"""``scbaseline recipes``: what can be named with ``--recipe``."""

from scbaseline.cli.app import app
from scbaseline.cli.groups import LEARN


@app.command(
    group=LEARN,
    sort_key=3,
    help_epilogue="Example: scbaseline recipes",
)
def recipes() -> None:
    """List the recipes: the name of each, what it is, and when it is used."""
    from scbaseline.learn.recipes import RECIPES
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.recipes import recipes_finding

    Screen().show(recipes_finding(RECIPES.values()))
