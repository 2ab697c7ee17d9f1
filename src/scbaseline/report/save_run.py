"""A run in; its figures, models, tables and annotated cells in a folder out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scbaseline.compute import Pool
from scbaseline.data.datasets import DATASETS
from scbaseline.errors import OutputError
from scbaseline.files import require_space
from scbaseline.learn.recipes import RECIPES
from scbaseline.report.clusters import FILE as CLUSTERS_FILE
from scbaseline.report.clusters import clusters_table
from scbaseline.report.content import evidence_content, timings_content
from scbaseline.report.drawn import confusion_of, curves_of, qc_of, umap_of
from scbaseline.report.folder import (
    FigureFormat,
    Outputs,
    check_folder,
    outputs_in,
    settings_toml,
    write_json,
    write_text,
)
from scbaseline.study.results import Run
from scbaseline.study.to_adata import annotated_cells

if TYPE_CHECKING:
    from anndata import AnnData

_TABLES = ("metrics.json", "timings.json", "cells.h5ad", CLUSTERS_FILE, "run.toml", "report.html")


def check_run_outputs(out: Path, *inputs: str | Path | None, overwrite: bool = False) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input or, without ``overwrite``, a file that is not ours; or
        the folder cannot be written to.
    """
    check_folder(out, _possible_outputs(out), *inputs, overwrite=overwrite)


def save_run(
    run: Run,
    out: str | Path,
    *,
    pool: Pool | None = None,
    report: bool = True,
    genes: Sequence[str] = (),
    figure_format: FigureFormat = "png",
) -> list[Path]:
    """Write everything that a run yields into the folder ``out``; return the paths.

    All files are written into a hidden folder first and moved into place together, so that
    a run that cannot be written leaves an earlier one as it was.

    Parameters
    ----------
    run
        What to write.
    out
        The folder.
    pool
        Background processes that draw figures; by default they are drawn here.
    report
        Whether ``report.html`` is written, too.
    genes
        Genes that the report carries beside the markers and the models' own.
    figure_format
        ``"svg"``: each figure is written as SVG, too.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    with outputs_in(Path(out), pool=pool, figure_format=figure_format) as outputs:
        _draw_figures(run, outputs)
        for recipe, classifier in run.classifiers.items():
            outputs.write(f"models/{recipe}.safetensors", classifier.save)
        cells = annotated_cells(run)
        outputs.write("cells.h5ad", partial(_write_cells, cells))
        if report:
            from scbaseline.report.html.pages import page_of_run
            from scbaseline.report.html.write import write_page

            page = page_of_run(run, cells, genes=genes)
            outputs.write("report.html", partial(write_page, page))
        table = clusters_table(run.names, run.trust)
        outputs.write(CLUSTERS_FILE, partial(table.to_csv, index=False))
        content = evidence_content(
            run.data, run.evidence, trust=run.trust, title_of=run.names.title_of
        )
        outputs.write("metrics.json", partial(write_json, content))
        outputs.write("timings.json", partial(write_json, timings_content(run.data, run.timings)))
        outputs.write("run.toml", partial(write_text, _toml(run)))
        return outputs.move()


def left_from_earlier(out: Path, written: list[Path]) -> list[str]:
    """Return the files in ``out`` that look like this run's but are not."""
    possible = _possible_outputs(out)
    return [str(p.relative_to(out)) for p in possible if p.exists() and p not in written]


def _possible_outputs(out: Path) -> list[Path]:
    figures = ["qc", "training_curves", "umap_pbmc_clusters", "umap_clusters"]
    figures += [recipe.figure_name for recipe in RECIPES.values()]
    names = [*_TABLES, *(f"figures/{name}.{end}" for name in figures for end in ("png", "svg"))]
    names += [f"models/{recipe}.safetensors" for recipe in RECIPES]
    return [out / name for name in names]


def _draw_figures(run: Run, outputs: Outputs) -> None:
    from scbaseline.report.figures.confusion import confusion_figure
    from scbaseline.report.figures.curves import curves_figure
    from scbaseline.report.figures.qc import qc_figure
    from scbaseline.report.figures.umap import umap_figure

    # The file's name in the tutorials, where the cells are those of the tutorials.
    umap = "umap_pbmc_clusters" if run.data.name in DATASETS else "umap_clusters"
    outputs.draw(f"figures/{umap}.png", umap_figure, **umap_of(run))
    for recipe in run.config.recipe or ():
        if drawn := confusion_of(run, recipe):
            outputs.draw(f"figures/{RECIPES[recipe].figure_name}.png", confusion_figure, **drawn)
    if drawn := curves_of(run):
        outputs.draw("figures/training_curves.png", curves_figure, **drawn)
    outputs.draw("figures/qc.png", qc_figure, **qc_of(run))


def _toml(run: Run) -> str:
    """Return the resolved settings, with which ``--config`` repeats the run."""
    remarks = [
        f"Settings of a run on {run.data.name}; to repeat it, name the same input again:",
        "scbaseline run INPUT --config run.toml --out another-folder",
        "(options of reading, such as --layer or --obs, are not settings: give them again)",
    ]
    if run.data.notice:
        remarks.append(run.data.notice)
    return settings_toml(run.config.to_dict(), *remarks)


def _write_cells(cells: "AnnData", path: Path) -> None:
    """Write the annotated cells.

    Raises
    ------
    OutputError
        A column of the input has a type that the format does not know.
    OSError
        The disk refuses the file.
    """
    needed = 2 * (cells.X.data.nbytes + cells.X.indices.nbytes) + cells.n_vars * 200
    require_space(path.parent, n_bytes=needed)
    try:
        cells.write_h5ad(path, compression="gzip", compression_opts=1)
    except (TypeError, ValueError) as error:
        raise OutputError(
            f"cells.h5ad: an obs or var column of the input cannot be written ({error}); "
            "convert it to text or numbers, or drop it"
        ) from error
