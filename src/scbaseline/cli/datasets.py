"""``scbaseline datasets``: what can be named instead of a file."""

from scbaseline.cli.app import app
from scbaseline.cli.groups import START


@app.command(
    group=START,
    sort_key=2,
    help_epilogue="Example: scbaseline datasets",
)
def datasets() -> None:
    """List the data sets that can be named, and where each is found now."""
    from scbaseline.data.datasets import describe_datasets
    from scbaseline.report.screen import Screen
    from scbaseline.report.sections.datasets import dataset_findings

    Screen().show(*dataset_findings(describe_datasets()))
