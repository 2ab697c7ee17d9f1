"""Writes a run's outputs: figures, models, tables and the annotated cells."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.aside import Begun, Here
from scbaseline.cells.space import log_normalise
from scbaseline.data.datasets import DATASETS
from scbaseline.errors import OutputError
from scbaseline.files import require_space
from scbaseline.learn.recipes import RECIPES
from scbaseline.report.draw import draw
from scbaseline.report.folder import Put, check_folder, trust_table, write_json, write_together
from scbaseline.study.results import Run

if TYPE_CHECKING:
    from anndata import AnnData


def planned_outputs(out: Path, recipes: tuple[str, ...]) -> list[Path]:
    """Return the files that a run of ``recipes`` may write into ``out``."""
    names = ["metrics.json", "timings.json", "cells.h5ad", "run.toml"]
    names += [f"figures/{name}.png" for name in ("qc", "training_curves")]
    names += [f"figures/umap_{name}clusters.png" for name in ("pbmc_", "")]
    names += [f"figures/{_confusion_name(recipe)}.png" for recipe in recipes]
    names += [f"models/{recipe}.safetensors" for recipe in recipes]
    return [out / name for name in names]


def check_outputs(out: Path, recipes: tuple[str, ...], *inputs: str | Path | None) -> None:
    """Make the folder and see that it can be written to, before any work starts.

    Raises
    ------
    OutputError
        An output would overwrite an input, or the folder cannot be written to.
    """
    check_folder(out, planned_outputs(out, recipes), *inputs)


def save_run(run: Run, out: str | Path, *, aside: Executor | None = None) -> list[Path]:
    """Write everything that a run found into the folder ``out``; return the paths.

    All files are written into a hidden folder first and moved into place together, so that
    a run that cannot be written leaves an earlier one as it was.

    Parameters
    ----------
    run
        What was found.
    out
        The folder.
    aside
        Where figures are drawn; by default here.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    return write_together(Path(out), lambda put: _write_all(run, put, aside or Here()))


def _write_all(run: Run, put: Put, aside: Executor) -> None:
    for name, kind, contents in figures_of(run):
        put(f"figures/{name}.png", _drawn(aside, kind, {**contents, "footer": run.data.notice}))
    for recipe, classifier in run.classifiers.items():
        put(f"models/{recipe}.safetensors", classifier.save)
    put("cells.h5ad", lambda path: _write_cells(run, path))
    put("metrics.json", lambda path: write_json(metrics(run), path))
    put("timings.json", lambda path: write_json(timings(run), path))
    put("run.toml", lambda path: path.write_text(run_toml(run), encoding="utf-8"))


def left_from_earlier(out: Path, written: list[Path]) -> list[str]:
    """Return the files in ``out`` that look like this run's but are not."""
    possible = planned_outputs(out, tuple(RECIPES))
    return [str(p.relative_to(out)) for p in possible if p.exists() and p not in written]


def _drawn(aside: Executor, kind: str, contents: dict[str, Any]) -> Callable[[Path], Begun[None]]:
    return lambda path: Begun(aside, partial(draw, kind, contents, path))


def figures_of(run: Run) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Say what each figure of a run shows: the name of its file, its kind, its contents.

    The UMAP comes last: what it shows may still be in the making.
    """
    tiers = {name: one.tier for name, one in run.protocols.items()}
    # The figure needs the number of genes, not the counts.
    yield "qc", "qc", {"cells": replace(run.cells, adata=run.cells.adata[:0].copy())}
    for recipe in run.config.recipe:
        # Clusters of a half have other numbers than the run's: their matrices stand apart.
        evaluations = {
            name: one.evaluations[recipe]
            for name, one in run.protocols.items()
            if one.labels is run.labels
        }
        if evaluations:
            contents = {"evaluations": evaluations, "recipe": recipe, "tiers": tiers}
            yield _confusion_name(recipe), "confusion", contents
    # The curves of the classifiers that are saved, where there are any.
    one = max(run.protocols.values(), key=lambda one: one.protocol.saves_models)
    yield (
        "training_curves",
        "training_curves",
        {
            "fits": {name: t.fit.curve for name, t in one.trained.items() if t.fit is not None},
            "protocol": one.protocol.name,
            "held_out_name": f"{one.protocol.stops_on} cells",
        },
    )
    # The file's name in the tutorials, where the cells are those of the tutorials.
    umap = "umap_pbmc_clusters" if run.data.name in DATASETS else "umap_clusters"
    cells = {"xy_n2": run.exploration.umap_n2, "clusters_n": run.exploration.clusters_n}
    yield umap, "umap", cells | {"labels": run.labels}


def metrics(run: Run) -> dict[str, Any]:
    """Return what ``metrics.json`` holds; the same run gives the same content."""
    trust = run.trust
    return {
        "dataset": asdict(run.data),
        "results": [asdict(row) for row in run.rows],
        "double_dipping": [asdict(price) for price in run.prices],
        "clusters": None if trust is None else trust_table(trust),
        "half_agreement_ari": None if trust is None else trust.half_agreement,
        "not_applicable": run.not_applicable,
    }


def timings(run: Run) -> dict[str, Any]:
    """Return what ``timings.json`` holds: seconds per stage, and their sum.

    With a second process, stages of drawn counts pass while others do: the sum is of work.
    """
    total = sum(run.timings.values())
    return {
        "dataset": {"name": run.data.name, "notice": run.data.notice},
        "seconds": {**run.timings, "total": total},
    }


def run_toml(run: Run) -> str:
    """Return the resolved settings, with which ``--config`` repeats the run."""
    import tomli_w

    lines = [
        f"Settings of a run on {run.data.name}; to repeat it, name the same input again:",
        "scbaseline run INPUT --config run.toml --out another-folder",
        "(options of reading, such as --layer or --obs, are not settings: give them again)",
    ]
    if run.data.notice:
        lines.append(run.data.notice)
    return "".join(f"# {line}\n" for line in lines) + tomli_w.dumps(run.config.to_dict())


def annotated_cells(run: Run) -> "AnnData":
    """Return the kept cells with everything that was found of them.

    ``X`` holds log1p of the counts per ``target_sum``, ``layers["counts"]`` the raw counts.
    """
    import anndata

    kept = run.cells.adata
    obs = kept.obs.copy()
    clusters_n = run.exploration.clusters_n

    def free(name: str) -> str:
        """Leave the user's labels where they are, even in a column that we would write."""
        return f"{name}_scbaseline" if name == run.config.label_key else name

    obs[free(keys.LEIDEN)] = pd.Categorical(clusters_n, categories=sorted(set(clusters_n), key=int))
    for name, one in run.protocols.items():
        if one.labels is not run.labels:
            continue
        obs[free(keys.split(name))] = pd.Categorical(one.split.part_n)
        for recipe in (r for r in one.trained if r in RECIPES):
            trained = one.trained[recipe]
            obs[free(keys.predicted(name, recipe))] = pd.Categorical(
                np.asarray(run.labels.names)[trained.predicted_n], categories=run.labels.names
            )
            if trained.probability_n is not None:
                obs[free(keys.probability(name, recipe))] = trained.probability_n
    total_n = obs[keys.TOTAL_COUNTS].to_numpy(np.float64)
    highly_variable = np.zeros(kept.n_vars, dtype=bool)
    highly_variable[run.space.genes_g] = True
    return anndata.AnnData(
        X=log_normalise(kept.X, total_n, target_sum=run.config.target_sum).astype(np.float32),
        obs=obs,
        var=kept.var.assign(highly_variable=highly_variable),
        layers={keys.COUNTS: kept.X},
        obsm={keys.X_PCA: run.exploration.pcs_nc, keys.X_UMAP: run.exploration.umap_n2},
        obsp=run.exploration.obsp,
        uns={
            **run.exploration.uns,
            "log1p": {},  # as scanpy marks it, so that it warns of a second logarithm
            # Read back as the provenance of these cells, whose notes are lines of one text.
            keys.PROVENANCE: {**asdict(run.data), "notes": "\n".join(run.data.notes)},
        },
    )


def _write_cells(run: Run, path: Path) -> None:
    cells = annotated_cells(run)
    needed = 2 * (cells.X.data.nbytes + cells.X.indices.nbytes) + cells.n_vars * 200
    require_space(path.parent, n_bytes=needed)
    try:
        cells.write_h5ad(path, compression="gzip", compression_opts=1)
    except (TypeError, ValueError) as error:
        raise OutputError(
            f"cells.h5ad: an obs or var column of the input cannot be written ({error}); "
            "convert it to text or numbers, or drop it"
        ) from error


def _confusion_name(recipe: str) -> str:
    """Name the file as the tutorials do: the first recipe's has no suffix."""
    return "confusion_matrix" if recipe == "pca" else f"confusion_matrix_{recipe.replace('-', '_')}"
