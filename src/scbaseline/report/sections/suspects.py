"""An audit in; the labels to look at again, out."""

from scbaseline.report.finding import Finding
from scbaseline.study.results import Audit

_N_SD = 2  # standard deviations within which a number is no more than chance
_N_LISTED = 5  # pairs of labels on the screen; the files hold all


def suspect_findings(audit: Audit) -> tuple[Finding, ...]:
    """Count the suspect labels, and name the pairs of labels that may be one."""
    suspects = audit.suspects
    if suspects is None:
        return ()
    n, by_chance, sd = len(suspects.suspects), suspects.expected_by_chance, suspects.expected_sd
    compared = (
        "no more than" if n <= by_chance + _N_SD * sd else f"{n / max(by_chance, 1):.1f} times"
    )
    doubted = (
        f"{audit.suspects_by} was fitted without these cells, and confidently predicts another "
        f"label for {n:,} of {suspects.n_judged:,}. Its probabilities make about {by_chance:.0f} "
        f"± {sd:.0f} such cells likely even if all labels are right: {n:,} is {compared} that."
    )
    sentences = [doubted]
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
