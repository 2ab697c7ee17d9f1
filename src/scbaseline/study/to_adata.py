"""A run in; its cells as AnnData, with clusters, layout and held-out predictions, out."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline import keys
from scbaseline.colours import contrasted, look
from scbaseline.scale import log_normalise
from scbaseline.study.evidence import ProtocolEvidence
from scbaseline.study.for_scanpy import gene_columns, loadings, scanpy_notes
from scbaseline.study.results import Run
from scbaseline.study.split import LEFT_OUT, PARTS

if TYPE_CHECKING:
    from anndata import AnnData


def annotated_cells(run: Run) -> "AnnData":
    """Return the kept cells with everything that was learnt of them.

    ``X`` holds log1p of the counts per ``target_sum``, ``layers["counts"]`` the raw counts.
    Predictions are of held-out cells only: a cell that a fit was trained on has none, since
    its own would look better than they are. The column ``split_<protocol>`` tells which is
    which. ``obs["leiden"]`` holds the clusters' numbers, ``obs["cluster_name"]`` their names, in
    one order. Clusters of drawn counts have other numbers, so that their protocols have no columns.
    What scanpy's plots and ``ingest`` read is there: genes, components, neighbours, colours.
    """
    import anndata

    counts, clusters_n = run.cells.counts, run.exploration.clusters_n
    counts_ng = counts.counts_ng
    obs = run.cells.obs.copy()
    title_of = run.names.title_of
    numbers = pd.Categorical(clusters_n, categories=list(title_of))
    columns: dict[str, Any] = {
        keys.LEIDEN: numbers,
        keys.CLUSTER_NAME: numbers.rename_categories(title_of),
    }
    for evidence in run.evidence.protocols.values():
        if not evidence.protocol.draws_counts:
            columns |= held_out_columns(run, evidence)
    # The user's own labels and groups stay where they are, even in a column that we would write.
    own = (run.config.label_key, run.config.group_key)
    written = {name: f"{name}_scbaseline" if name in own else name for name in columns}
    for name, values in columns.items():
        obs[written[name]] = values
    looks = contrasted(run.exploration.umap_n2, numbers.codes.astype(np.int64), len(title_of))
    colours = [look(number)[0] for number in looks]
    var, varm, notes = run.cells.var, {}, {}
    if run.exploration.space is not None:
        space = run.exploration.space
        own = gene_columns(counts, space, run.config)
        var = var.assign(**{name: own[name].to_numpy() for name in own})
        varm = {"PCs": loadings(space, n_genes=counts.shape[1])}
        notes = scanpy_notes(counts, space)
    x_ng = log_normalise(counts_ng, counts.total_n, target_sum=run.config.target_sum)
    return anndata.AnnData(
        X=x_ng.astype(np.float32),
        obs=obs,
        var=var,
        varm=varm,
        layers={keys.COUNTS: counts_ng},
        obsm={keys.X_PCA: run.exploration.pcs_nc, keys.X_UMAP: run.exploration.umap_n2},
        obsp=run.exploration.obsp,
        uns={
            **run.exploration.uns,
            **notes,
            # As scanpy names the colours of a column, in the order of its categories.
            f"{written[keys.LEIDEN]}_colors": colours,
            f"{written[keys.CLUSTER_NAME]}_colors": colours,
            "log1p": {},  # as scanpy marks it, so that it warns of a second logarithm
            # Read back as the provenance of these cells, whose notes are lines of one text.
            keys.PROVENANCE: {**asdict(run.data), "notes": "\n".join(run.data.notes)},
        },
    )


def held_out_columns(run: Run, evidence: ProtocolEvidence) -> dict[str, Any]:
    """Return each cell's part under one protocol, and what each recipe says of held-out cells.

    Parameters
    ----------
    run
        The recipes that were asked for, and the fits.
    evidence
        Of one of the run's protocols, which runs on all counts.
    """
    name, labels = evidence.protocol.name, evidence.labels.names
    columns: dict[str, Any] = {keys.split(name): pd.Categorical(_parts(run, name))}
    for recipe in run.config.recipe or ():
        held_out = evidence.held_out[recipe]
        predicted_n = held_out.predicted_rn[0]
        columns[keys.predicted(name, recipe)] = pd.Categorical.from_codes(
            predicted_n, categories=list(labels)
        )
        if held_out.probability_r is not None:
            of_predicted_n = held_out.probability_r[0][np.arange(len(predicted_n)), predicted_n]
            columns[keys.probability(name, recipe)] = np.where(
                predicted_n >= 0, of_predicted_n, np.nan
            ).astype(np.float32)
    return columns


def _parts(run: Run, protocol: str) -> NDArray[np.object_]:
    """Return the part of each cell; of several folds, the one in which it is a test cell."""
    fits = [fit for fit in run.fits if fit.protocol.name == protocol]
    fits = [fit for fit in fits if fit.draw == fits[0].draw]
    if len(fits) == 1:
        return fits[0].split.names_n.astype(object)
    part_n = np.full(len(fits[0].split.part_n), PARTS[LEFT_OUT], dtype=object)
    for fit in fits:
        part_n[fit.test] = f"test of fold {fit.fold + 1}"
    return part_n
