"""Turns a diagnosis and its findings into what a program reads as JSON."""

from dataclasses import asdict
from typing import Any

from scbaseline.data.doctor import Diagnosis
from scbaseline.data.findings import Finding


def summary(diagnosis: Diagnosis, said: tuple[Finding, ...]) -> dict[str, Any]:
    """Return a diagnosis as a program reads it, without what is said of single cells."""
    values, names = diagnosis.values, diagnosis.names
    naming = names.naming
    recovery = values.recovery
    return {
        "n_cells": diagnosis.n_cells,
        "n_genes": diagnosis.n_genes,
        "n_empty_cells": diagnosis.n_empty,
        "values": values.kind,
        "target_sum": values.target,
        "recoverable": recovery is not None,
        "selected_genes": diagnosis.selected,
        "total_key": diagnosis.totals,
        "counts_elsewhere": [
            {
                "matrix": "raw" if source.layer is None else f"layers/{source.layer}",
                "n_genes": source.n_genes,
                "recovered": source.is_recovered,
                "fractional": source.is_fractional,
            }
            for source in diagnosis.elsewhere
        ],
        "names": {
            "kind": naming.kind,
            "column": naming.column or "index",
            "species": names.species,
            "n_unnamed": naming.n_unnamed,
            "n_prefixed": names.n_prefixed,
            "n_versioned": names.n_versioned,
            "n_dotted": naming.n_dotted,
            "n_duplicates": naming.n_duplicates,
            "other_features": {**naming.by_type, **naming.by_name},
            "transposed": names.transposed,
            "first_cell": names.first_cell,
            "first_gene": names.first_gene,
            "n_duplicate_cells": names.n_duplicate_cells,
            "duplicate_cell": names.duplicate_cell,
        },
        "usable": not any(finding.is_refusal for finding in said),
        "findings": [asdict(finding) for finding in said],
    }
