"""Evidence in; which recipes beat the reference, out."""

from collections.abc import Sequence

from scbaseline.judge.compare import verdict
from scbaseline.learn.recipes import REFERENCE
from scbaseline.report.finding import Finding
from scbaseline.study.evidence import Evidence


def comparison_findings(
    evidence: Evidence, *, recipes: Sequence[str] | None = None
) -> tuple[Finding, ...]:
    """Compare recipes with the reference, under each protocol that is no control.

    Parameters
    ----------
    recipes
        Those to compare; by default all.
    """
    sentences = [
        f"{name}: {verdict(difference)}."
        for name, of_protocol in evidence.protocols.items()
        if of_protocol.tier != "control"
        for recipe, difference in of_protocol.differences.items()
        if recipes is None or recipe in recipes
    ]
    return (
        (Finding(f"Compared with {REFERENCE}", tuple(sentences), detail=True),) if sentences else ()
    )
