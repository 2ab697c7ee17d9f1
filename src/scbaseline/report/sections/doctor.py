"""A diagnosis of an input in; what the input holds, and whether it can be used, out."""

import shlex
from collections.abc import Sequence

from scbaseline.data.doctor import Diagnosis
from scbaseline.data.findings import Finding as Remark
from scbaseline.data.next_step import Column
from scbaseline.data.options import option
from scbaseline.report.finding import Finding

_SHOWN = 6  # columns of labels, and of groups


def doctor_finding(
    title: str,
    diagnosis: Diagnosis,
    remarks: Sequence[Remark],
    *,
    notes: Sequence[str],
    labels: Sequence[Column] = (),
    groups: Sequence[Column] = (),
) -> Finding:
    """Say what an input holds, what that means, and which columns can be named.

    Parameters
    ----------
    title
        The input's name.
    remarks
        What there is to say of it, what forbids its use before the rest.
    notes
        What was done to it when it was read.
    labels, groups
        The columns of obs that hold labels to learn, and groups of cells.
    """
    sentences = [
        *notes,
        *(f"{'cannot be used: ' if r.is_refusal else ''}{r}" for r in remarks),
    ]
    for what, name, columns in (
        ("labels", "--label-key", labels),
        ("groups", "--group-key", groups),
    ):
        sentences += [
            f"{shlex.join(option(name, c.name))}: {c.n_values:,} {what}, e.g. {c.example}"
            for c in columns[:_SHOWN]
        ]
    if not any(remark.is_refusal for remark in remarks):
        sentences.append("can be used as it is")
    size = f"{diagnosis.n_cells:,} cells × {diagnosis.n_genes:,} genes"
    return Finding(f"{title}: {size}", tuple(sentences))
