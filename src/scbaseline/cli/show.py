"""``scbaseline show``: what a saved model is."""

from scbaseline.cli.app import ModelFile, app
from scbaseline.cli.groups import JUDGE


@app.command(
    group=JUDGE,
    sort_key=3,
    help_epilogue="Example: scbaseline show model.safetensors",
)
def show(model: ModelFile, /, *, json: bool = False) -> None:
    """Print what a model is, what it was trained on, and how accurate it is on held-out cells.

    Parameters
    ----------
    json
        Print the whole card as JSON, for programs.
    """
    from scbaseline.model.classifier import Classifier
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.card import card_findings

    card = Classifier.load(model).card
    if json:
        Screen().text(card.to_json())
        return
    Screen().show(*card_findings(card))
