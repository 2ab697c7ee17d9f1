"""Cards of the models that come with the package in; a list of them out."""

from collections.abc import Mapping

from scbaseline.model.card import ModelCard
from scbaseline.model.shipped import SHIPPED
from scbaseline.report.finding import Cell, Finding, Table


def models_findings(cards: Mapping[str, ModelCard]) -> tuple[Finding, ...]:
    """Return the models that can be named, and what to type.

    Parameters
    ----------
    cards
        Name → card.
    """
    rows = []
    for name, card in cards.items():
        scores = {row["metric"]: row["value"] for row in card.metrics if row["label"] is None}
        rows.append((
            Cell(name),
            Cell(SHIPPED[name].summary),
            Cell(f"{100 * scores['accuracy']:.0f} %"),
        ))  # fmt: skip
    columns = ("model", "for", "accuracy")
    first = next(iter(cards))
    return (
        Finding(
            "Models that can be named",
            (
                "Accuracy: on held-out cells of the training data. On other data it is lower.",
                f"Type: scbaseline predict {first} my.h5ad --out predictions.csv",
                f"For sources, licences and evidence: scbaseline show {first}",
            ),
            table=Table(columns, tuple(rows)),
        ),
    )
