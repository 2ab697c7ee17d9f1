"""Cells that were laid out for a page in; what the page's picture takes, out."""

import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.config import RunConfig
from scbaseline.report.html.cell_map import LaidOut
from scbaseline.study.look import Look, majority_of
from scbaseline.study.results import Audit, Training

_SUSPECT = "label to look at again"
_MOST_OWN = 12  # columns of the file that are shown beside ours
_MOST_CATEGORIES = 60


def laid_out_cells(study: Audit | Training, look: Look) -> LaidOut:
    """Return an audit's or a training's cells in the plane, by label.

    Parameters
    ----------
    study
        The labels and the cells.
    look
        The same cells, laid out.
    """
    labels = study.labels
    names = np.array([*labels.names, None], dtype=object)
    obs = study.cells.obs.assign(label=pd.Categorical(names[labels.codes_n], labels.names))
    if isinstance(study, Audit) and study.suspects is not None:
        suspect_n = np.full(len(obs), "no", dtype=object)
        suspect_n[study.suspects.suspects["row"].to_numpy(np.int64)] = "yes"
        obs[_SUSPECT] = pd.Categorical(suspect_n, ["no", "yes"])
    obs = obs.iloc[look.rows_n].assign(**{keys.LEIDEN: _clusters(look)})
    return LaidOut(
        look.xy_n2, obs, look.counts, study.cells.var.index, study.config.target_sum,
        group="label", n_all=look.n_all,
    )  # fmt: skip


def laid_out_query(
    table: pd.DataFrame, look: Look, *, obs: pd.DataFrame, var: pd.DataFrame, config: RunConfig
) -> LaidOut:
    """Return a query's cells in the plane, by predicted label.

    Parameters
    ----------
    table
        Predictions of all cells, with their majority labels.
    look
        Those of the cells that were laid out.
    obs, var
        What the file knows of its cells, and its genes.
    config
        The settings of the layout.
    """
    own = [name for name in obs if _is_label(obs[name]) and name not in table][:_MOST_OWN]
    rows = table.iloc[look.rows_n]
    shown = rows[[name for name in rows if not str(name).startswith(f"{keys.PROBABILITY}_")]]
    n_genes_n = [np.diff(counts_ng.indptr) for counts_ng, _ in look.counts.blocks()]
    shown = shown.assign(
        **{
            keys.LEIDEN: _clusters(look),
            keys.TOTAL_COUNTS: look.counts.total_n,
            keys.N_GENES: np.concatenate(n_genes_n),
        }
    )
    for name in own:
        if name not in shown:
            shown[name] = obs[name].to_numpy()[look.rows_n]
    return LaidOut(
        look.xy_n2, shown, look.counts, var.index, config.target_sum,
        group=keys.PREDICTED_LABEL, n_all=look.n_all,
    )  # fmt: skip


def with_majority(table: pd.DataFrame, look: Look) -> pd.DataFrame:
    """Return predictions with the majority label of each cell's cluster, and its share, beside.

    Cells that were not laid out have none.
    """
    labels_n = table[keys.PREDICTED_LABEL].to_numpy(object)
    majority = majority_of(look.clusters_n, labels_n[look.rows_n])
    label_n = np.full(len(table), None, dtype=object)
    share_n = np.full(len(table), np.nan, dtype=np.float32)
    label_n[look.rows_n], share_n[look.rows_n] = majority.label_n, majority.share_n
    return table.assign(**{keys.MAJORITY_LABEL: label_n, keys.MAJORITY_SHARE: share_n})


def _clusters(look: Look) -> pd.Categorical:
    return pd.Categorical(look.clusters_n, sorted(set(look.clusters_n), key=int))


def _is_label(values: "pd.Series[str]") -> bool:
    """Say whether a column of the file holds labels, not measurements or ids."""
    if pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != bool:
        return False
    return bool(1 < values.nunique() <= _MOST_CATEGORIES)
