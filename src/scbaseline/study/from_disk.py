"""Training from disk: a file of any size and settings in; one judged classifier out.

The line of :func:`scbaseline.train_classifier`, with counts that are never in memory
together. One split stands in for the cross-validation, which would read the file many times.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy import sparse

from scbaseline import keys
from scbaseline.cells.qc import filter_cells
from scbaseline.cells.space import FeatureSpace, RowsOf, ScaledCounts, fit_feature_space_from
from scbaseline.config import RunConfig
from scbaseline.data.fingerprint import fingerprint_of_blocks
from scbaseline.data.info import DataInfo
from scbaseline.data.provenance import identified, provenance_of
from scbaseline.data.shuffled import ahead, shuffled_blocks
from scbaseline.data.stream import CountStream, stream_counts
from scbaseline.errors import ConfigError
from scbaseline.judge.scores import evaluate_predictions
from scbaseline.learn.baselines import predict_baseline
from scbaseline.learn.calibrate import fit_temperature
from scbaseline.learn.loop import Examples, choose_device, fit_network_on_blocks, logits
from scbaseline.learn.recipes import RECIPES, Recipe
from scbaseline.stages import timed_stages
from scbaseline.study.assemble import build_classifier
from scbaseline.study.fit import STANDARD_BASELINES
from scbaseline.study.labels import check_label_key, labels_from_column
from scbaseline.study.preparation import require_one_model
from scbaseline.study.protocols import PROTOCOLS
from scbaseline.study.results import ProtocolRun, Trained, Training
from scbaseline.study.split import TEST, TRAINING, VALIDATION, Split, split_cells

if TYPE_CHECKING:
    from torch import nn

MOST_WATCHED = 20_000
"""Training cells for the curve and the baselines, and validation cells, that memory holds."""

_MOST_FOR_COVERAGE = 2000  # validation cells whose counts of all genes are kept


def train_from_disk(
    adata: AnnData,
    config: RunConfig,
    *,
    progress: Callable[[str], None] | None = None,
) -> Training:
    """Train one classifier on a file of any size, and judge it on test cells.

    Cells for testing and validation are held out as in a run. Stopping and the temperature
    rest on ``MOST_WATCHED`` validation cells, the baselines on as many training cells, where
    there are more. Memory is set by these, by a block of cells, and by the number of chosen
    genes squared; beside them each cell costs its row of obs and some numbers.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, as :func:`~scbaseline.data.read.open_counts` gives them.
    config
        The settings, with ``label_key`` and exactly one recipe.
    progress
        Called with each stage's name when the stage begins.

    Raises
    ------
    ConfigError
        No label key, or not exactly one recipe.
    InputError
        The counts or the labels cannot be used, or X is compressed by columns.
    """
    require_one_model(config)
    if config.group_key is not None:
        raise ConfigError(
            "group_key: training from disk tests on a random fifth of the cells, not on unseen "
            f"{config.group_key}; leave --group-key out, or --no-from-disk where memory suffices"
        )
    timings: dict[str, float] = {}
    stage = timed_stages(timings, progress, config.threads)
    protocol, recipe = PROTOCOLS["inductive"], RECIPES[config.recipe[0]]
    choose_device(config.device)  # a missing GPU is said now, not after the slow steps
    check_label_key(adata.obs, config)
    with stage("check"):
        stream = stream_counts(adata, total_key=config.total_key)
        stream.read(0, 1)  # whether rows can be read at all is said now, too
    with stage("quality control"):
        cells = filter_cells(AnnData(obs=adata.obs, var=stream.var), config, blocks=stream.blocks())
        kept = cells.metrics["kept"].to_numpy()
        labels = labels_from_column(adata.obs[kept], config)
        codes_n = np.full(stream.shape[0], -1)
        codes_n[kept] = labels.codes_n
        split = split_cells(codes_n, config)
    with stage("features"):
        is_training = split.part_n == TRAINING
        space = fit_feature_space_from(RowsOf(stream, is_training), config)
    task = _Task(stream, space, recipe, codes_n)
    rng = np.random.default_rng(config.seed)
    with stage("cells to watch"):
        sample, held_out = _some(split, TRAINING, rng), _some(split, VALIDATION, rng)
        sample_pcs_nc, watched = task.examples(sample)
        _, watching = task.examples(held_out)
    with stage(recipe.name):
        fit = fit_network_on_blocks(
            recipe,
            lambda: ahead(task.shuffled(is_training, rng)),
            sample=watched,
            held_out=watching,
            n_labels=len(labels.names),
            config=config,
        )
        temperature = fit_temperature(logits(fit.network, watching.x), watching.codes_n)
    with stage("test cells and baselines"):
        test = split.rows(TEST)
        test_pcs_nc, predicted_n = task.predict(test, fit.network)
        evaluations = {
            recipe.name: evaluate_predictions(
                codes_n[test],
                predicted_n,
                labels.names,
                config=config,
                train_accuracy=fit.history[fit.kept_epoch - 1].train_accuracy,
                n_train=int(is_training.sum()),
            )
        }
        both_pcs_nc = np.concatenate([test_pcs_nc, sample_pcs_nc])
        for name in STANDARD_BASELINES:
            predicted_n = predict_baseline(
                name,
                sample_pcs_nc,
                watched.codes_n,
                query_nf=both_pcs_nc,
                n_labels=len(labels.names),
                config=config,
            ).predicted_n
            evaluations[name] = evaluate_predictions(
                codes_n[test],
                predicted_n[: len(test)],
                labels.names,
                config=config,
                train_accuracy=float((predicted_n[len(test) :] == watched.codes_n).mean()),
                n_train=len(sample),
            )
    with stage("the model itself"):
        data = _describe(adata, stream, cells.metrics[keys.N_GENES].to_numpy())
        notes = [
            f"{what} {len(some):,} of the {n:,} {part} cells, so that memory can hold them"
            for what, some, n, part in (
                ("the baselines learnt from", sample, is_training.sum(), "training"),
                (
                    "the network was stopped and calibrated on",
                    held_out,
                    len(split.rows(VALIDATION)),
                    "validation",
                ),
            )
            if len(some) < n
        ]
        shown = held_out[:: -(-len(held_out) // _MOST_FOR_COVERAGE)]
        classifier = build_classifier(
            recipe,
            ProtocolRun(
                protocol,
                protocol.tier(labels.origin),
                replace(labels, codes_n=codes_n[shown]),
                Split(np.full(len(shown), VALIDATION)),
                replace(space, notes=(*space.notes, *notes)),
                {recipe.name: Trained(codes_n[:0], fit, temperature=temperature)},
                evaluations,
            ),
            task.counts(shown),
            data=data,
            config=config,
            judged="test cells, which this model has not seen",
        )
    return Training(
        config=config,
        data=data,
        cells=cells,
        labels=labels,
        tier=protocol.tier(labels.origin),
        n_folds=0,
        evaluations=evaluations,
        difference=None,
        by_group=(),
        notes=tuple(notes),
        classifier=classifier,
        timings=timings,
    )


@dataclass(frozen=True)
class _Task:
    """What is learnt, and in which features: turns cells of the stream into examples."""

    stream: CountStream
    space: FeatureSpace
    recipe: Recipe
    codes_n: NDArray[np.int64]

    def shuffled(self, is_row_n: NDArray[np.bool_], rng: np.random.Generator) -> Iterator[Examples]:
        """Yield the cells in random order, ready to be learnt from."""
        for block in shuffled_blocks(self.stream, is_row_n, genes_g=self.space.genes_g, rng=rng):
            scaled = self.space.scale_chosen(block.counts_ng, block.total_n)
            x = self.space.project(scaled) if self.recipe.features == "pca" else scaled
            yield Examples(x, self.codes_n[block.rows_n])

    def scaled(self, rows: NDArray[np.int64]) -> Iterator[ScaledCounts]:
        """Yield blocks of the cells in order."""
        for _, counts_ng, total_n in RowsOf(self.stream, self._is_row(rows)).blocks():
            yield self.space.scale(counts_ng, total_n)

    def examples(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], Examples]:
        """Return the cells' components, and what the network sees of them."""
        parts = list(self.scaled(rows))
        difference_ng = sparse.vstack([part.difference_ng for part in parts], format="csr")
        scaled = ScaledCounts(self.space.zero_g, difference_ng)
        pcs_nc = self.space.project(scaled)
        x = pcs_nc if self.recipe.features == "pca" else scaled
        return pcs_nc, Examples(x, self.codes_n[rows])

    def predict(
        self, rows: NDArray[np.int64], network: "nn.Module"
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the cells' components and the label codes that the network predicts."""
        pcs, codes = [], []
        for scaled in self.scaled(rows):
            pcs.append(self.space.project(scaled))
            x = pcs[-1] if self.recipe.features == "pca" else scaled
            codes.append(logits(network, x).argmax(axis=1))
        return np.concatenate(pcs), np.concatenate(codes)

    def counts(self, rows: NDArray[np.int64]) -> AnnData:
        """Return the raw counts of a few cells, with their totals."""
        blocks = list(RowsOf(self.stream, self._is_row(rows)).blocks())
        counts_ng = sparse.vstack([counts_ng for _, counts_ng, _ in blocks], format="csr")
        few = AnnData(counts_ng, var=self.stream.var)
        few.obs[keys.TOTAL_COUNTS] = np.concatenate([total_n for _, _, total_n in blocks])
        return few

    def _is_row(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        is_row_n = np.zeros(self.stream.shape[0], dtype=bool)
        is_row_n[rows] = True
        return is_row_n


def _some(split: Split, part: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rows of a part, in order: all, or as many at random as memory is to hold."""
    rows = split.rows(part)
    if len(rows) > MOST_WATCHED:
        rows = np.sort(rng.choice(rows, MOST_WATCHED, replace=False))
    return rows


def _describe(adata: AnnData, stream: CountStream, n_genes_n: NDArray[np.int64]) -> DataInfo:
    n_counts = sum(float(counts_ng.sum(dtype=np.float64)) for _, counts_ng, _ in stream.blocks())
    seen = fingerprint_of_blocks(
        lambda: (counts_ng for _, counts_ng, _ in stream.blocks()), n_genes_n, stream.var
    )
    origin = identified(provenance_of(adata).name, seen)
    return DataInfo(
        name=origin.name,
        title=origin.title,
        licence=origin.licence,
        citation=origin.citation,
        fingerprint=seen,
        notice=origin.notice,
        embedded=origin.embedded,
        total_key=stream.total_key,
        n_cells=stream.shape[0],
        n_genes=stream.shape[1],
        n_counts=int(n_counts),
        n_other_features=adata.n_vars - stream.shape[1],
        notes=stream.notes,
    )
