"""An audit in; its figure, tables, suspects and methods paragraph in a folder out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from scbaseline.compute import Pool
from scbaseline.report.clusters import FILE as CLUSTERS_FILE
from scbaseline.report.clusters import clusters_table
from scbaseline.report.content import evidence_content
from scbaseline.report.drawn import ladder_of
from scbaseline.report.folder import (
    FigureFormat,
    check_folder,
    outputs_in,
    settings_toml,
    write_json,
    write_text,
)
from scbaseline.report.sections.methods import methods_paragraph
from scbaseline.study.results import Audit

FIGURE = "figures/how_much_is_real.png"
METHODS, SUSPECTS = "methods.txt", "suspects.csv"
_TABLES = (
    "audit.json",
    SUSPECTS,
    "label_pairs.csv",
    METHODS,
    "audit.toml",
    CLUSTERS_FILE,
    "report.html",
)


def check_audit_outputs(out: Path, *inputs: str | Path | None, overwrite: bool = False) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input or, without ``overwrite``, a file that is not ours; or
        the folder cannot be written to.
    """
    check_folder(out, [out / name for name in (FIGURE, *_TABLES)], *inputs, overwrite=overwrite)


def save_audit(
    audit: Audit,
    out: str | Path,
    *,
    pool: Pool | None = None,
    report: bool = True,
    genes: Sequence[str] = (),
    figure_format: FigureFormat = "png",
) -> list[Path]:
    """Write everything that an audit yields into the folder ``out``; return the paths.

    Parameters
    ----------
    audit
        What to write.
    out
        The folder.
    pool
        Background processes that draw the figure; by default it is drawn here.
    report
        Whether ``report.html`` is written, too; its cells are laid out for it.
    genes
        Genes that the report carries beside the markers.
    figure_format
        ``"svg"``: each figure is written as SVG, too.

    Raises
    ------
    OutputError
        A file cannot be written; an earlier audit is then left as it was.
    """
    from scbaseline.report.figures.ladder import ladder_figure

    notice = audit.data.notice
    with outputs_in(Path(out), pool=pool, figure_format=figure_format) as outputs:
        outputs.draw(FIGURE, ladder_figure, **ladder_of(audit))
        title_of = None if audit.names is None else audit.names.title_of
        content = evidence_content(audit.data, audit.evidence, trust=audit.trust, title_of=title_of)
        outputs.write("audit.json", partial(write_json, content))
        if audit.names is not None:
            table = clusters_table(audit.names, audit.trust)
            outputs.write(CLUSTERS_FILE, partial(table.to_csv, index=False))
        if audit.suspects is not None:
            suspects = audit.suspects.suspects
            suspects = suspects.assign(cell_id=audit.cells.obs.index[suspects["row"]])
            outputs.write(SUSPECTS, partial(suspects.to_csv, index=False))
            outputs.write("label_pairs.csv", partial(audit.suspects.pairs.to_csv, index=False))
        text = methods_paragraph(audit) + (f"\n\n{notice}" if notice else "")
        outputs.write(METHODS, partial(write_text, f"{text}\n"))
        outputs.write("audit.toml", partial(write_text, _toml(audit)))
        if report:
            from scbaseline.report.html.write import write_page
            from scbaseline.report.save_report import audit_page

            outputs.write("report.html", partial(write_page, audit_page(audit, genes=genes)))
        return outputs.move()


def _toml(audit: Audit) -> str:
    return settings_toml(
        audit.config.to_dict(),
        f"Settings of an audit of {audit.data.name}; to repeat it, name the same input again:",
        "scbaseline audit INPUT --config audit.toml --out another-folder",
    )
