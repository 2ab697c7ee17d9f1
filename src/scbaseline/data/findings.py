"""Turns a diagnosis into sentences: what was found, what it means, what to type next."""

import shlex
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scbaseline.data.doctor import Diagnosis
from scbaseline.data.known import resembles_known
from scbaseline.data.options import option
from scbaseline.data.recovery import SCALES
from scbaseline.data.sources import Source
from scbaseline.data.values import Values


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    next_step
        What to type or to do, where anything is to be done.
    is_refusal
        Whether the input cannot be used as it is.
    """

    found: str
    meaning: str = ""
    next_step: str = ""
    is_refusal: bool = False

    def __str__(self) -> str:
        return "; ".join(part for part in (self.found, self.meaning, self.next_step) if part)


def findings(
    diagnosis: Diagnosis,
    *,
    obs_names: "pd.Index",
    var_names: "pd.Index",
    allow_fractional: bool = False,
) -> tuple[Finding, ...]:
    """Return what is to be said of an input, what forbids its use before the rest.

    Parameters
    ----------
    diagnosis
        As :func:`~scbaseline.data.doctor.examine` gives it.
    obs_names, var_names
        The names of cells and genes, to say where a value stands.
    allow_fractional
        Whether counts with fractions are welcome.
    """
    said = [
        *_of_shape(diagnosis),
        *_of_values(diagnosis, obs_names, var_names, allow_fractional),
        *_of_sources(diagnosis),
        *_of_totals(diagnosis),
        *_of_genes(diagnosis),
    ]
    return tuple(sorted(said, key=lambda finding: not finding.is_refusal))


def _of_shape(diagnosis: Diagnosis) -> list[Finding]:
    said = []
    shape = f"({diagnosis.n_cells} cells × {diagnosis.n_genes} genes)"
    for n, what in ((diagnosis.n_cells, "cells"), (diagnosis.n_genes, "genes")):
        if n == 0:
            said.append(Finding(f"X has no {what} {shape}", is_refusal=True))
    names = diagnosis.names
    if names.transposed:
        said.append(
            Finding(
                f"rows are named like genes ({names.first_cell}), columns like cells "
                f"({names.first_gene})",
                "the matrix is genes × cells",
                "pass --transpose, or leave it out if you did (in Python: adata.T)",
                is_refusal=True,
            )
        )
    if names.n_duplicate_cells:
        said.append(
            Finding(
                f"{names.n_duplicate_cells:,} cells have the name of an earlier cell "
                f"({names.duplicate_cell!r})",
                "they are labelled row by row; --obs, which joins by name, is refused",
            )
        )
    return said


def _of_values(
    diagnosis: Diagnosis, obs_names: "pd.Index", var_names: "pd.Index", allow_fractional: bool
) -> list[Finding]:
    values = diagnosis.values
    if values.kind == "counts":
        total = int(values.sums_n.sum())
        found = f"X holds raw counts: {total:,} in all, {values.largest:,.0f} at most"
        if not values.is_binarised:
            return [Finding(found)]
        return [Finding(found, BINARISED, "give the counts themselves")]
    if values.kind == "missing":
        return [Finding("X is missing", next_step=_where_counts_are(diagnosis), is_refusal=True)]
    if values.kind == "zeros":
        if diagnosis.n_cells == 0 or diagnosis.n_genes == 0:
            return []
        return [
            Finding("X holds only zeros", next_step=_where_counts_are(diagnosis), is_refusal=True)
        ]
    if values.recovery is not None:
        return [Finding(f"X held {title(values)}", recovered(values))]
    first = ""
    if values.bad is not None:
        cell, gene = obs_names[values.bad.cell], var_names[values.bad.gene]
        first = f"{values.bad.what} (first: {values.bad.value} at cell {cell}, gene {gene})"
    if values.kind == "fractional" and allow_fractional:
        return [
            Finding(
                "X holds counts with fractions, which were allowed",
                "what needs whole counts, as thinning does, is not applicable",
            )
        ]
    next_step = _where_counts_are(diagnosis)
    if values.kind == "fractional" and not diagnosis.elsewhere:
        next_step += ", or --allow-fractional if these are counts with fractions"
    return [
        Finding(f"X holds {first}", _LOOKS[values.kind] + _of_target(values), next_step,
                is_refusal=True)
    ]  # fmt: skip


BINARISED = "they look binarised: how often a gene was seen is lost, and models of counts mislead"

_LOOKS = {
    "fractional": "they look like counts with fractions, as alevin, RSEM and SoupX give them",
    "log1p": "they look like log1p of normalised counts",
    "log2": "they look like log2(x + 1) of normalised counts",
    "normalised": "they look normalised, but not like logarithms",
    "mixed": "some cells hold whole numbers only and others none, as if two files were joined "
    "of which one is normalised",
    "scaled": "they look scaled or centred",
    "damaged": "",
}


def title(values: Values) -> str:
    """Say in a few words what values are of which the counts can be recovered."""
    if values.recovery is None:
        return "raw counts" if values.kind == "counts" else values.kind
    scale = SCALES[values.recovery.scale].title
    if values.target is None and np.all(values.recovery.unit_n == 1):
        return f"{scale} of counts"
    per = f"counts per {values.target:,.0f}" if values.target else "normalised counts"
    return per if values.kind == "normalised" else f"{scale} of {per}"


def recovered(values: Values) -> str:
    """Say how well the counts came back."""
    worst = values.recovery.worst if values.recovery else 0.0
    n = int(values.n_genes_n.sum())
    return (
        f"the counts were recovered exactly ({n:,} values, each within {max(worst, 1e-6):.1g} "
        "of a whole number)"
    )


def _of_target(values: Values) -> str:
    if values.target is None:
        return ""
    return f": counts per {values.target:,.0f}, which do not go back to whole numbers"


def _where_counts_are(diagnosis: Diagnosis) -> str:
    """Say what to type: where the file holds counts elsewhere than in X, how to take them."""
    return how_to_take(diagnosis.elsewhere)


def how_to_take(sources: tuple[Source, ...]) -> str:
    """Say which matrix beside X to take, and how; the others and their numbers of genes."""
    if not sources:
        return "pass raw counts"
    best, others = sources[0], ""
    flag = " --allow-fractional" if best.is_fractional else ""
    if len(sources) > 1:
        others = "; so do " + ", ".join(
            f"{source.name} ({source.n_genes:,} genes)" for source in sources[1:4]
        )
    if best.layer is None:
        return f"{best}: pass --use-raw{flag} (in Python: adata = adata.raw.to_adata()){others}"
    return (
        f"{best}: pass {shlex.join(option('--layer', best.layer))}{flag} "
        f"(in Python: adata.X = adata.layers[{best.layer!r}]){others}"
    )


def _of_sources(diagnosis: Diagnosis) -> list[Finding]:
    """Say where there are better counts, or of more genes, than in an X that can be used."""
    if not (diagnosis.values.can_be_used and diagnosis.elsewhere):
        return []
    found = "X holds no raw counts itself"
    if diagnosis.elsewhere[0].n_genes > diagnosis.n_genes + diagnosis.names.naming.n_other_rows:
        found = f"X has {diagnosis.n_genes:,} genes only"
    return [Finding(found, next_step=how_to_take(diagnosis.elsewhere))]


def _of_totals(diagnosis: Diagnosis) -> list[Finding]:
    said = []
    if diagnosis.n_empty and diagnosis.n_empty < diagnosis.n_cells:
        said.append(Finding(f"{diagnosis.n_empty:,} cells have no counts", "they get no label"))
    if diagnosis.selected == "totals":
        said.append(
            Finding(
                f"the sums of X are smaller than obs[{diagnosis.totals!r}]",
                f"X holds a selection of {diagnosis.n_genes:,} genes",
                f"pass --total-key {diagnosis.totals}, so that depth is right",
            )
        )
    elif diagnosis.selected == "few genes":
        said.append(
            Finding(
                f"X holds {diagnosis.n_genes:,} genes only, and few counts per cell",
                "if they are a selection, each cell's total over all genes is not known",
                "name a column of obs that holds it: --total-key COLUMN",
            )
        )
    return said


def _of_genes(diagnosis: Diagnosis) -> list[Finding]:
    names = diagnosis.names
    naming = names.naming
    said = []
    if naming.problem and not names.transposed:
        said.append(Finding(naming.problem, is_refusal=True))
    species = f", {names.species}" if names.species else ""
    if naming.kind and not naming.problem:
        taken = f", taken from var[{naming.column!r}]" if naming.column else ""
        mixed = names.species == "human and mouse"
        said.append(
            Finding(
                f"genes are named by {naming.kind}{species}{taken}",
                "cells of one species have the other's genes at 0" if mixed else "",
            )
        )
    said += _of_strange_names(diagnosis)
    if naming.n_unnamed and not naming.problem:
        said.append(
            Finding(
                f"{naming.n_unnamed:,} genes have no name ({naming.first_unnamed!r})",
                "they are never matched with a gene of another file",
            )
        )
    for n, what, meaning in (
        (
            names.n_prefixed,
            f"genes have a prefix before their names ({names.first_prefixed!r})",
            "they are found without it where a model knows the rest only",
        ),
        (
            naming.n_ids_inside,
            "names of genes hold an Ensembl id beside something else",
            "genes are found by that id",
        ),
        (names.n_versioned, "Ensembl ids have versions", "they are found without them"),
        (
            naming.n_dotted,
            "gene names have dots for dashes, as R makes them",
            "HLA.DRA is taken for HLA-DRA",
        ),
        (
            naming.n_duplicates,
            "genes have the name of an earlier gene",
            "the second of a name is called NAME-1",
        ),
    ):
        if n:
            said.append(Finding(f"{n:,} {what}", meaning))
    for kind, n in {**naming.by_type, **naming.by_name}.items():
        said.append(Finding(f"{n:,} rows are not genes: {kind}", "they are left out"))
    return said


def _of_strange_names(diagnosis: Diagnosis) -> list[Finding]:
    names, naming = diagnosis.names, diagnosis.names.naming
    genes = naming.var.index.tolist()
    are_known = naming.kind or naming.problem or names.transposed or names.species
    if are_known or not genes or any(map(resembles_known, genes)):
        return []
    return [
        Finding(
            f"none of the {len(genes):,} genes has the name of a well-known gene of human or "
            f"mouse, or an id of Ensembl (first: {genes[0]!r})",
            "models that come with scbaseline, and other studies, will hardly match",
            "if these are peaks or transcripts, get counts per gene",
        )
    ]
