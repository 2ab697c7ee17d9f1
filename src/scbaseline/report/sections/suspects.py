"""An audit in; the labels to look at again, out."""

from scbaseline.report.finding import Finding
from scbaseline.study.results import Audit

_N_LISTED = 5  # pairs of labels on the screen; the files hold all


def suspect_findings(audit: Audit) -> tuple[Finding, ...]:
    """Count the suspect labels, and name the pairs of labels that may be one."""
    suspects = audit.suspects
    if suspects is None:
        return ()
    sentences = [
        (
            f"{audit.suspects_by} contradicts the label of {len(suspects.suspects):,} of "
            f"{suspects.n_judged:,} cells with confidence, each time fitted without the cell."
        ),
        (
            f"About {suspects.expected_by_chance:.0f} ± {suspects.expected_sd:.0f} are expected "
            "from its own doubt, even if all labels are right."
        ),
    ]
    if len(suspects.pairs):
        may_be_one = suspects.pairs[suspects.pairs["perhaps_one"]].head(_N_LISTED)
        pairs = [
            f"{a} and {b} (balanced accuracy between them {accuracy:.2f})"
            for a, b, accuracy in zip(
                may_be_one["label_a"],
                may_be_one["label_b"],
                may_be_one["balanced_accuracy"],
                strict=True,
            )
        ]
        if pairs:
            sentences.append(f"Labels that may be one: {', '.join(pairs)}.")
    return (Finding("Labels to look at again", tuple(sentences)),)
