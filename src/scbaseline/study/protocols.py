"""The evaluation protocols: one row says what a protocol's figures are worth, and why.

A protocol is an answer to five questions: which counts the labels and the features are made
from, which cells the features are fitted on, what the network is stopped on, where the test
cells come from, and so which tier of evidence its figures reach. The line reads these rows;
it knows no protocol by name.
"""

from dataclasses import dataclass
from typing import Literal

CLUSTERS = "clusters"
"""The label source of Leiden clusters that were made in the same run."""

SAME_COUNTS = "same-counts"
"""The label origin of clusters, whether of this run or given: labels made from these counts."""

CountsName = Literal["all", "half A", "half B"]
"""All counts, or one of the two halves that binomial thinning splits them into."""


@dataclass(frozen=True)
class Protocol:
    """What one evaluation protocol labels, fits, stops and tests on.

    Attributes
    ----------
    tier_of_clusters, tier_of_given
        The tier of evidence, for labels that were made from these counts (clusters, whether
        of this run or given) and for other labels that the user gave; ``None`` where the
        protocol has no meaning for them.
    labels_from, features_from
        The counts that clusters are made from, and those that classifiers see.
    fitted_on
        ``"all cells"``: genes, scale and PCA see every cell, test cells too;
        ``"training"``: only the training cells.
    stops_on
        The part that early stopping watches.
    tests_on
        Where the test cells come from: at random, whole groups, or another study.
    structureless
        Whether the counts are drawn anew, without any structure.
    saves_models
        Whether its classifiers are the ones that are saved for use.
    """

    name: str
    tier_of_clusters: str | None
    tier_of_given: str | None
    labels_from: CountsName = "all"
    features_from: CountsName = "all"
    fitted_on: Literal["training", "all cells"] = "training"
    stops_on: Literal["validation", "test"] = "validation"
    tests_on: Literal["cells", "groups", "another study"] = "cells"
    structureless: bool = False
    saves_models: bool = False

    def tier(self, label_origin: str) -> str:
        """Return the tier of evidence that this protocol reaches for a label origin.

        Raises
        ------
        ValueError
            The protocol has no meaning for these labels; ask :meth:`why_not` first.
        """
        tier = self.tier_of_clusters if label_origin == SAME_COUNTS else self.tier_of_given
        if tier is None:
            raise ValueError(f"{self.name} reaches no tier with labels of origin {label_origin}")
        return tier

    @property
    def calibrates(self) -> bool:
        """Whether there are cells to calibrate on that are not test cells."""
        return self.stops_on == "validation"

    def why_not(self, label_source: str, label_origin: str, *, group_key: str | None) -> str | None:
        """Say why this protocol has no meaning for these labels, or return None.

        Parameters
        ----------
        label_source
            ``"clusters"`` or ``"given:<column>"``.
        label_origin
            ``"same-counts"``, ``"independent"`` or ``"unknown"``.
        group_key
            The column of obs that names each cell's donor or batch, if one was named.
        """
        if self.tests_on == "another study":
            return "another study is judged with `scbaseline evaluate MODEL OTHER`"
        if self.tests_on == "groups" and label_origin == SAME_COUNTS:
            return (
                "the labels were made from the counts of the test groups, too; "
                "give others with --label-key"
            )
        if self.tests_on == "groups" and group_key is None:
            return "it needs the donor or batch of each cell; give --group-key"
        if self.tier_of_given is None and label_source != CLUSTERS:
            return "it makes its labels anew from other counts, and yours are given"
        return None


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("published", "T0", "T0", fitted_on="all cells", stops_on="test"),
        Protocol("inductive", "T0+", "T1", saves_models=True),
        Protocol("half", "control", None, labels_from="half A", features_from="half A"),
        Protocol("thinned", "T2", None, labels_from="half A", features_from="half B"),
        Protocol("group", None, "T3", tests_on="groups"),
        # Whatever that study's labels were made from, no fit has seen its counts.
        Protocol("external", "T4", "T4", tests_on="another study"),
        Protocol(
            "null-published",
            "control",
            None,
            fitted_on="all cells",
            stops_on="test",
            structureless=True,
        ),
        Protocol(
            "null-half",
            "control",
            None,
            labels_from="half A",
            features_from="half A",
            structureless=True,
        ),
        Protocol(
            "null-thinned",
            "control",
            None,
            labels_from="half A",
            features_from="half B",
            structureless=True,
        ),
    )
}

SHORT = ("published", "inductive", "half", "thinned")
"""What a run shows unless it is told otherwise; an audit runs the whole table."""

TIERS: dict[str, str] = {
    "T0": "double-dipped: comparable with published tutorials only",
    "T0+": "features honest, labels not: they were made from the same counts",
    "T1": "features honest, labels given",
    "T2": "clusters from one thinned part of the counts, features from the other",
    "T3": "donors or batches of which the fit has seen nothing",
    "T4": "another study, of which the model has seen nothing",
    "control": "not evidence, but what other figures are compared with",
}
"""Each tier of evidence, from the weakest to the strongest, and what it means."""
