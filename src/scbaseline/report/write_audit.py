"""Writes an audit's outputs: figure, tables, suspects, and the paragraph for a methods section."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from scbaseline.report.audit import methods_paragraph
from scbaseline.report.folder import Put, check_folder, trust_table, write_json, write_together
from scbaseline.report.ladder import ladder_figure
from scbaseline.study.verdicts import Audit

FIGURE = "figures/how_much_is_real.png"
_TABLES = ("audit.json", "suspects.csv", "label_pairs.csv", "methods.txt", "audit.toml")


def check_audit_outputs(out: Path, *inputs: str | Path | None) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input, or the folder cannot be written to.
    """
    check_folder(out, [out / name for name in (FIGURE, *_TABLES)], *inputs)


def save_audit(audit: Audit, out: Path) -> list[Path]:
    """Write everything that an audit found into the folder ``out``; return the paths.

    Raises
    ------
    OutputError
        A file cannot be written; an earlier audit is then left as it was.
    """
    footer = audit.data.notice

    def write_all(put: Put) -> None:
        put(FIGURE, lambda path: ladder_figure(audit, footer=footer).savefig(path))
        put("audit.json", lambda path: write_json(audit_content(audit), path))
        if audit.suspects is not None:
            suspects = audit.suspects.suspects
            suspects = suspects.assign(cell_id=audit.cells.adata.obs_names[suspects["row"]])
            pairs = audit.suspects.pairs
            put("suspects.csv", lambda path: suspects.to_csv(path, index=False))
            put("label_pairs.csv", lambda path: pairs.to_csv(path, index=False))
        text = methods_paragraph(audit) + (f"\n\n{footer}" if footer else "")
        put("methods.txt", lambda path: path.write_text(text + "\n", encoding="utf-8"))
        put("audit.toml", lambda path: path.write_text(_toml(audit), encoding="utf-8"))

    return write_together(out, write_all)


def audit_content(audit: Audit) -> dict[str, Any]:
    """Return what ``audit.json`` holds; the same audit gives the same content."""
    types, trust = audit.types, audit.trust
    return {
        "dataset": asdict(audit.data),
        "results": [asdict(rung) for rung in audit.rungs],
        "double_dipping": [asdict(price) for price in audit.prices],
        "types": None if types is None else {"found": types.found, **asdict(types)},
        "against_reference": [
            {"protocol": name, **asdict(one)}
            for name, differences in audit.differences.items()
            for one in differences
        ],
        "by_group": [asdict(score) for score in audit.by_group],
        "clusters": None if trust is None else trust_table(trust),
        "half_agreement_ari": None if trust is None else trust.half_agreement,
        "not_applicable": audit.not_applicable,
        "notes": audit.notes,
    }


def _toml(audit: Audit) -> str:
    import tomli_w

    return (
        f"# Settings of an audit of {audit.data.name}; to repeat it, name the same input again:\n"
        "# scbaseline audit INPUT --config audit.toml --out another-folder\n"
        + tomli_w.dumps(audit.config.to_dict())
    )
