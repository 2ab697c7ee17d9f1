"""The evaluation protocols: one row says what is fitted and tested on what, and what that shows.

A protocol answers five questions: which counts the labels and the features are made from,
which cells the features are fitted on, what the training is stopped on, where the test cells
come from, and so which tier of evidence its scores reach. Whatever depends on a protocol
stands in its row; no other file names one.
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
    in_run
        Whether a run uses it by default; an audit uses all protocols.
    null_of
        The protocol whose structureless control it is.
    same_half_as
        The protocol that differs only in that features come from the other half: the
        difference is the inflation from double dipping.
    shows_structure
        Whether its κ, against its structureless control, says if there is any structure.
    methods
        How a methods section says it.
    plain
        A description for readers who do not know the protocols; empty for controls.
    axis
        The same in two or three words a line, below a figure.
    beside
        What a reader should know where it stands beside the honest protocol.
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
    in_run: bool = False
    null_of: str = ""
    same_half_as: str = ""
    shows_structure: bool = False
    methods: str = ""
    plain: str = ""
    axis: str = ""
    beside: str = ""

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

    @property
    def draws_counts(self) -> bool:
        """Whether it is run on counts that are drawn: thinned or structureless ones."""
        return self.structureless or self.labels_from != "all"

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
        Protocol(
            "published", "T0", "T0", fitted_on="all cells", stops_on="test", in_run=True,
            methods="As usually published, where genes, scale, principal components and early"
            " stopping have seen the test cells",
            plain="as usually published, where the test cells had a part in the training",
            axis="as usually\npublished",
            beside="published may score higher than the protocol of the saved models for two"
            " reasons: it chose genes, scale and components on all cells and stopped training on"
            " the test cells; and it has more cells to train on, since it keeps none for"
            " validation. Where intervals overlap, the difference may be chance.",
        ),
        Protocol(
            "inductive", "T0+", "T1", saves_models=True, in_run=True,
            methods="With everything fitted on training cells only",
            plain="with the test cells kept out of every step",
            axis="test cells\nkept out",
        ),
        Protocol(
            "half", "control", None, labels_from="half A", features_from="half A", in_run=True,
            same_half_as="thinned", axis="clusters and features\nfrom one half",
        ),
        Protocol(
            "thinned", "T2", None, labels_from="half A", features_from="half B", in_run=True,
            shows_structure=True,
            methods="With clusters made from one binomially thinned part of the counts and"
            " features from the rest",
            plain="with clusters from one half of the counts and features from the other half",
            axis="clusters and features\nfrom separate halves",
        ),
        Protocol("group", None, "T3", tests_on="groups", methods="On unseen groups",
            plain="on donors or batches that it has never seen", axis="unseen\ndonors",
        ),
        # Whatever that study's labels were made from, no fit has seen its counts.
        Protocol("external", "T4", "T4", tests_on="another study"),
        Protocol(
            "null-published", "control", None, fitted_on="all cells", stops_on="test",
            structureless=True, null_of="published",
        ),
        Protocol(
            "null-half", "control", None, labels_from="half A", features_from="half A",
            structureless=True, null_of="half",
        ),
        Protocol(
            "null-thinned", "control", None, labels_from="half A", features_from="half B",
            structureless=True, null_of="thinned",
        ),
    )
}  # fmt: skip

SAVES_MODELS = next(p for p in PROTOCOLS.values() if p.saves_models)
"""The protocol of the classifiers that are saved for use."""

BY_GROUP = next(p for p in PROTOCOLS.values() if p.tests_on == "groups")
"""The protocol that tests on whole groups."""

ANOTHER_STUDY = next(p for p in PROTOCOLS.values() if p.tests_on == "another study")
"""The protocol that tests a saved model on another study."""

TIERS: dict[str, str] = {
    "T0": "the test cells had a part in the fit: comparable with published tutorials only",
    "T0+": "test cells kept out of the fit, but the labels were made from the same counts",
    "T1": "test cells kept out of the fit; labels given",
    "T2": "clusters from one thinned part of the counts, features from the other",
    "T3": "donors or batches of which the fit has seen nothing",
    "T4": "another study, of which the model has seen nothing",
    "control": "not evidence, but what other scores are compared with",
}
"""Each tier of evidence, from the weakest to the strongest, and what it means."""


def null_of(protocol: Protocol) -> Protocol | None:
    """Return the structureless control of a protocol, if it has one."""
    return next((p for p in PROTOCOLS.values() if p.null_of == protocol.name), None)
