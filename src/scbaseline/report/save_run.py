"""A run in; its figures, models, tables and annotated cells in a folder out."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from scbaseline.compute import Pool
from scbaseline.data.datasets import DATASETS
from scbaseline.learn.recipes import RECIPES
from scbaseline.report.cells import write_cells
from scbaseline.report.clusters import FILE as CLUSTERS_FILE
from scbaseline.report.clusters import clusters_table
from scbaseline.report.content import evidence_content, timings_content
from scbaseline.report.folder import (
    FigureFormat,
    Outputs,
    check_folder,
    outputs_in,
    settings_toml,
    write_json,
    write_text,
)
from scbaseline.study.labels import groups_from_column
from scbaseline.study.results import Run

_TABLES = ("metrics.json", "timings.json", "cells.h5ad", CLUSTERS_FILE, "run.toml")


def check_run_outputs(out: Path, *inputs: str | Path | None) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input, or the folder cannot be written to.
    """
    check_folder(out, _possible_outputs(out), *inputs)


def save_run(
    run: Run,
    out: str | Path,
    *,
    pool: Pool | None = None,
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
        outputs.write("cells.h5ad", partial(write_cells, run))
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

    footer, config = run.data.notice, run.config
    groups = None if config.group_key is None else groups_from_column(run.cells.obs, config)
    # The file's name in the tutorials, where the cells are those of the tutorials.
    umap = "umap_pbmc_clusters" if run.data.name in DATASETS else "umap_clusters"
    outputs.draw(
        f"figures/{umap}.png",
        umap_figure,
        xy_n2=run.exploration.umap_n2,
        clusters_n=run.exploration.clusters_n,
        title_of=run.names.title_of,
        groups=groups,
        labels=run.labels,
        footer=footer,
    )
    # Clusters of drawn counts have other numbers than the run's: their matrices stand apart.
    on_all_counts = {
        name: evidence
        for name, evidence in run.evidence.protocols.items()
        if not evidence.protocol.draws_counts
    }
    for recipe in (run.config.recipe or ()) if on_all_counts else ():
        outputs.draw(
            f"figures/{RECIPES[recipe].figure_name}.png",
            confusion_figure,
            scorecards={name: p.scorecards[recipe] for name, p in on_all_counts.items()},
            recipe=recipe,
            tiers={name: p.tier for name, p in on_all_counts.items()},
            footer=footer,
        )
    for fit in run.fits:
        learnt = {name: of_recipe.learnt for name, of_recipe in fit.recipes.items()}
        curves = {name: x.curve for name, x in learnt.items() if x is not None and x.curve}
        if curves:  # of the classifiers that are saved
            outputs.draw(
                "figures/training_curves.png",
                curves_figure,
                curves=curves,
                protocol=fit.protocol.name,
                held_out_name=f"{fit.protocol.stops_on} cells",
                footer=footer,
            )
            break
    # The figure needs the number of genes, not the counts.
    none = np.zeros(len(run.cells.obs), dtype=bool)
    cells = replace(run.cells, counts=run.cells.counts.rows(none), obs=run.cells.obs[none])
    outputs.draw("figures/qc.png", qc_figure, cells=cells, footer=footer)


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
