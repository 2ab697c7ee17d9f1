"""The evaluation protocols: one row says what a protocol's figures are worth, and why.

A protocol is an answer to four questions: what the features are fitted on, what the
network is stopped on, where the test cells come from, and so which tier of evidence
its figures reach. The pipeline reads these rows; it knows no protocol by name.
"""

from dataclasses import dataclass
from typing import Literal

CLUSTERS = "clusters"
"""The label source of Leiden clusters that were made in the same run."""


@dataclass(frozen=True)
class Protocol:
    """What one evaluation protocol fits, stops and tests on.

    Attributes
    ----------
    features_from
        ``"all"``: genes, scale and PCA see every cell, test cells too; ``"training"``:
        only the training cells.
    stops_on
        The part that early stopping watches.
    tier_of_clusters, tier_of_given
        The tier of evidence, for labels that are clusters of these counts and for
        labels that the user gave.
    """

    name: str
    features_from: Literal["all", "training"]
    stops_on: Literal["validation", "test"]
    tier_of_clusters: str
    tier_of_given: str

    def tier(self, label_source: str) -> str:
        """Return the tier of evidence that this protocol reaches for a label source."""
        return self.tier_of_clusters if label_source == CLUSTERS else self.tier_of_given

    @property
    def saves_models(self) -> bool:
        """Whether its classifiers are fit for use: nothing in them has seen a test cell."""
        return self.features_from == "training" and self.stops_on == "validation"


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "published",
            features_from="all",
            stops_on="test",
            tier_of_clusters="T0",
            tier_of_given="T0",
        ),
        Protocol(
            "inductive",
            features_from="training",
            stops_on="validation",
            tier_of_clusters="T0+",
            tier_of_given="T1",
        ),
    )
}

TIERS: dict[str, str] = {
    "T0": "double-dipped: comparable with published tutorials only",
    "T0+": "features honest, labels not: the clusters were made from the same counts",
    "T1": "features honest, labels given",
    "T4": "another study, of which the model has seen nothing",
}
