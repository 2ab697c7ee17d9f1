"""``scbaseline models``: what can be named instead of a model file."""

from scbaseline.cli.app import app
from scbaseline.cli.groups import START


@app.command(group=START, help_epilogue="Example: scbaseline models")
def models() -> None:
    """List the models that come with the package, and how accurate each is."""
    from scbaseline.model.classifier import Classifier
    from scbaseline.model.shipped import SHIPPED
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.models import models_findings

    cards = {name: Classifier.load(name).card for name in SHIPPED}
    Screen().show(*models_findings(cards))
