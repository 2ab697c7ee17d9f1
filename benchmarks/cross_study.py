"""Every direction between three studies of blood: our recipes beside models that others use.

``python benchmarks/cross_study.py DATA [--celltypist ENV/bin/python] [--singler ENV/bin/python]
[--figure PNG]`` prints three tables: accuracy / macro-F1 with all genes and with panels, and
doubt; then each direction in which ``robust`` is behind. DATA holds pbmc3k/ (counts, labels.csv),
the two other studies' .h5ad files, and coarse_labels.toml, which brings each study's labels to
common types. A query is given with all of its genes, and with its own 1,500 most variable genes
only. Its cells of types that the reference lacks are left out, but for Zheng's CD34+ cells, which
neither PBMC study holds: how well are they told from known ones? Of a query without CD34+ this is
not asked.

Our recipes are trained once per reference, with genes of their own. The others learn anew for each
query, from the genes that it shares with the reference: a linear SVM and logistic regression on
log1p(counts per 10,000), 15 nearest neighbours on 50 components of it, CellTypist and SingleR.
CellTypist and SingleR need environments of their own: ``celltypist==1.7.1 'scikit-learn<1.8'``, and
``singler anndata``.

``benchmarks/robust_parts.py`` leaves out one part of ``robust`` after the other.
"""

import argparse
import time
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from cross_study_peers import CELLTYPIST, SINGLER, TYPE, Called, elsewhere, peers, shared_genes
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from where_behind import where_behind

from scbaseline import Counts, RunConfig, check_counts, fit_feature_space, read_counts, train
from scbaseline.data.options import ReadOptions
from scbaseline.judge.reliability import bin_confidences
from scbaseline.learn.recipes import RECIPES

OURS = ("robust", "hvg-earlystop", "logistic", "linear-svm")
PANEL_GENES = 1500
STRANGER = "CD34+"
REJECTED = 0.1


@dataclass(frozen=True, eq=False)
class Study:
    """One study: its name, and its cells with a common type, or STRANGER, in ``obs["type"]``."""

    name: str
    cells: AnnData
    panel: AnnData


@dataclass
class Scores:
    """What one model reached: by direction and whether the query is a panel."""

    marks: dict[tuple[str, bool], tuple[float, float]] = field(default_factory=dict)
    ece: dict[tuple[str, bool], float] = field(default_factory=dict)
    strangers: dict[str, tuple[float, float]] = field(default_factory=dict)
    seconds: float = 0.0

    def mean(self, *, panel: bool) -> tuple[float, float]:
        """Return mean accuracy and macro-F1 over all directions."""
        accuracy, f1 = np.mean([m for (_, is_p), m in self.marks.items() if is_p == panel], axis=0)
        return float(accuracy), float(f1)


def main() -> None:
    """Train on each study, label each other one, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--celltypist", type=Path, help="the Python of its environment")
    parser.add_argument("--singler", type=Path, help="the Python of its environment")
    parser.add_argument("--recipes", nargs="+", default=OURS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of genes that a panel lacks
    studies = load_studies(given.data)
    others = peers()
    for name, python, code in (
        ("CellTypist *", given.celltypist, CELLTYPIST), ("SingleR *", given.singler, SINGLER),
    ):  # fmt: skip
        if python is None:
            print(f"{name.rstrip(' *')}: left out; name the Python of its environment")
        else:
            others[name] = partial(elsewhere, python, code)
    scores: dict[str, Scores] = {}
    for reference in studies:
        cells = known_cells(reference.cells)
        models: dict[str, Any] = {}
        for recipe in given.recipes:
            start = time.perf_counter()
            config = RunConfig(label_key=TYPE, recipe=(recipe,), seed=given.seed, **SETTINGS)
            models[recipe] = train(cells, config).classifier
            scores.setdefault(recipe, Scores()).seconds += time.perf_counter() - start
        for direction, is_panel, query in queries(reference, studies):
            for name, model in models.items():
                judge(scores[name], direction, is_panel, query, by_model(model, query))
            shared = shared_genes(cells, query)
            for name, predict in others.items():
                start = time.perf_counter()
                judge(
                    scores.setdefault(name, Scores()), direction, is_panel, query, predict(*shared)
                )
                scores[name].seconds += time.perf_counter() - start
            print(f"{direction}{', panel' * is_panel}: {query.n_obs:,} cells", flush=True)
    print_tables(scores)
    if given.figure:
        draw(scores, given.figure)


SETTINGS: dict[str, Any] = {"min_genes": 1, "folds": 2, "threads": 1}


def load_studies(data: Path) -> list[Study]:
    """Return the three studies; cells without a common type are left out, but for STRANGER."""
    coarse = tomllib.loads((data / "coarse_labels.toml").read_text())
    studies = []
    for name, file, table, key in (
        ("3k", "pbmc3k/pbmc3k_raw.h5ad", "pbmc3k", "seurat_annotation"),
        ("Zheng", "zheng2017_sorted_fasttopics.h5ad", "zheng2017_sorted_fasttopics", "cell_type"),
        ("4k", "pbmc4k_half_soupx.h5ad", "pbmc4k_half_soupx", "cell_type_scvi_seurat"),
    ):
        beside = ReadOptions(obs=data / "pbmc3k/labels.csv") if name == "3k" else ReadOptions()
        cells = check_counts(read_counts(data / file, beside))
        type_n = cells.obs[key].astype(str).map({**coarse[table][key], STRANGER: STRANGER})
        slim = AnnData(cells.X, obs=pd.DataFrame({TYPE: type_n}), var=cells.var)
        labelled = slim[type_n.notna().to_numpy()].copy()
        known = known_cells(labelled)
        print(f"{name}: {known.n_obs:,} of {len(type_n):,} cells have a common type")
        counts = Counts.from_anndata(check_counts(known))
        genes_g = fit_feature_space(counts, RunConfig(n_top_genes=PANEL_GENES)).genes_g
        studies.append(Study(name, labelled, labelled[:, genes_g].copy()))
    return studies


def known_cells(cells: AnnData) -> AnnData:
    """Return the cells that have a common type."""
    return cells[cells.obs[TYPE] != STRANGER].copy()


def queries(
    reference: Study, studies: Iterable[Study], *, strangers: bool = True
) -> Iterator[tuple[str, bool, AnnData]]:
    """Yield what to label: each other study, whole and as a panel, of types that are known."""
    known = set(reference.cells.obs[TYPE]) | ({STRANGER} if strangers else set())
    for study in studies:
        if study is not reference:
            for is_panel, cells in ((False, study.cells), (True, study.panel)):
                direction = f"{reference.name} → {study.name}"
                yield direction, is_panel, cells[cells.obs[TYPE].isin(known)].copy()


def by_model(model: Any, query: AnnData) -> Called:
    """Label a query with one of our classifiers."""
    table = model.predict(query, force=True)
    return Called.of(table["predicted_label"], table["probability"], table.get("unknown_score"))


def judge(scores: Scores, direction: str, is_panel: bool, query: AnnData, called: Called) -> None:
    """Score labels and probabilities of known cells, and how strange the others look."""
    true_n = query.obs[TYPE].to_numpy(str)
    known_n = true_n != STRANGER
    scores.marks[direction, is_panel] = marks(true_n[known_n], called.labels_n[known_n])
    if called.probability_n is not None:
        right_n = (called.labels_n == true_n)[known_n]
        bins = bin_confidences(called.probability_n[known_n], right_n)
        scores.ece[direction, is_panel] = bins.ece
    if not is_panel and not known_n.all():
        limit = np.quantile(called.strange_n[known_n], 1 - REJECTED)
        found = float((called.strange_n[~known_n] > limit).mean())
        auroc = float(roc_auc_score(~known_n, called.strange_n))
        scores.strangers[direction] = auroc, found


def marks(true_n: NDArray[np.str_], predicted_n: NDArray[np.str_]) -> tuple[float, float]:
    """Return accuracy, and macro-F1 over the types that there are."""
    labels = sorted(set(true_n))
    f1 = f1_score(true_n, predicted_n, labels=labels, average="macro", zero_division=0)
    return float(accuracy_score(true_n, predicted_n)), float(f1)


def print_tables(scores: Mapping[str, Scores]) -> None:
    """Print accuracy / macro-F1 with all genes and with panels, then doubt."""
    directions = list(dict.fromkeys(name for name, _ in next(iter(scores.values())).marks))
    for is_panel in (False, True):
        title = f"panels of {PANEL_GENES:,} genes" if is_panel else "all genes"
        print_row([title, "mean", *directions])
        print_row(["---"] * (len(directions) + 2))
        for model, of_model in scores.items():
            cells = [
                of_model.mean(panel=is_panel), *(of_model.marks[d, is_panel] for d in directions)
            ]  # fmt: skip
            print_row([model, *(f"{a:.3f} / {f1:.3f}" for a, f1 in cells)])
        print()
    strangers = list(next(iter(scores.values())).strangers)
    print_row(
        ["doubt", "ECE, all genes (worst)", "ECE, panels (worst)",
         *(f"{STRANGER}, {d}: AUROC / found" for d in strangers), "seconds in all"]
    )  # fmt: skip
    print_row(["---"] * (len(strangers) + 4))
    for model, of_model in scores.items():
        cells = [_ece_cell(of_model, is_panel=is_panel) for is_panel in (False, True)]
        cells += ["{:.3f} / {:.2f}".format(*of_model.strangers[d]) for d in strangers]
        print_row([model, *cells, f"{of_model.seconds:.0f}"])
    if OURS[0] in scores:
        _print_misses(scores, directions)


def _print_misses(scores: Mapping[str, Scores], directions: Iterable[str]) -> None:
    """Print where robust is behind another model, and where its calibration is worst."""
    print()
    for is_panel, title in ((False, "all genes"), (True, "panels")):
        marks = {
            model: {d: of_model.marks[d, is_panel] for d in directions}
            for model, of_model in scores.items()
        }
        print("\n".join(where_behind(title, marks)))
        ece = {d: scores[OURS[0]].ece[d, is_panel] for d in directions}
        worst = max(ece, key=lambda direction: ece[direction])
        print(f"- {worst}, {title}: the worst ECE, {ece[worst]:.3f}")


def _ece_cell(of_model: Scores, *, is_panel: bool) -> str:
    errors = [error for (_, of_panel), error in of_model.ece.items() if of_panel == is_panel]
    return f"{np.mean(errors):.3f} ({max(errors):.3f})" if errors else "–"


def print_row(cells: Iterable[str]) -> None:
    """Print a row of a table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def draw(scores: Mapping[str, Scores], path: Path) -> None:
    """Draw each model's accuracy in each direction, small, and its mean, large."""
    from matplotlib.figure import Figure

    from scbaseline.colours import BLUE, FAINT, INK, ORANGE, PALE

    order = sorted(scores, key=lambda name: scores[name].mean(panel=False)[0])
    figure = Figure(figsize=(8, 3.8), dpi=150, layout="constrained")
    axes = figure.subplots(1, 2, sharey=True, sharex=True)
    for is_panel, ax in zip((False, True), axes, strict=True):
        for y, name in enumerate(order):
            colour = ORANGE if name == "robust" else BLUE if name in RECIPES else FAINT
            values = [
                m[0] for (_, of_panel), m in scores[name].marks.items() if of_panel == is_panel
            ]
            mean = scores[name].mean(panel=is_panel)[0]
            ax.plot([min(values), max(values)], [y, y], color=PALE, zorder=1)
            ax.scatter(values, [y] * len(values), s=9, color=colour, alpha=0.6, linewidths=0)
            ax.scatter([mean], [y], s=45, color=colour, zorder=3)
            ax.annotate(f"{mean:.2f}"[1:], (mean, y), (0, 6), textcoords="offset points",
                        ha="center", fontsize=7, color=INK)  # fmt: skip
        ax.set_title(f"panels of {PANEL_GENES:,} genes" if is_panel else "all genes", fontsize=9)
        ax.set_xlabel("accuracy on another study", fontsize=8)
        ax.set_yticks(range(len(order)), order)
        ax.tick_params(labelsize=8, length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
    figure.supxlabel(
        "large: mean of six directions; small: each; * learns anew for each query", fontsize=7
    )
    figure.savefig(path)


if __name__ == "__main__":
    main()
