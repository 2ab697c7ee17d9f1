"""PBMC3k's classifiers on other studies, beside logistic regression and a linear SVM.

``python benchmarks/external.py DATA [--recipe NAME ...]`` prints the table of docs/results.md.
DATA holds pbmc3k/ (counts, labels.csv), the other studies' .h5ad files, and
coarse_labels.toml, which brings each study's labels to common types. The two linear models of
scikit-learn see the same training cells, genes and scaled values as the networks.
"""

import argparse
import dataclasses
import tomllib
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.svm import LinearSVC

from scbaseline import Counts, RunConfig, check_counts, evaluate, keys, read_counts, train
from scbaseline.cells.space import fit_feature_space
from scbaseline.data.genes import align_genes, aligned_counts
from scbaseline.data.options import ReadOptions
from scbaseline.data.stream import stream_counts
from scbaseline.learn.recipes import RECIPES, chosen_recipes
from scbaseline.study.evaluate import LabelMap
from scbaseline.study.labels import labels_from_column
from scbaseline.study.split import TRAINING, split_without_test

LABEL_KEY = "seurat_annotation"
STUDIES = {
    "Zheng 2017, bead-sorted": ("zheng2017_sorted_fasttopics", "cell_type"),
    "PBMC 4k": ("pbmc4k_half_soupx", "cell_type_scvi_seurat"),
}


def main() -> None:
    """Train on PBMC3k, judge on each study, print accuracy and macro-F1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--recipe", nargs="+", choices=RECIPES, default=[r.name for r in chosen_recipes(None)]
    )
    arguments = parser.parse_args()
    data = arguments.data
    coarse = tomllib.loads((data / "coarse_labels.toml").read_text())
    reference = read_counts(
        data / "pbmc3k/pbmc3k_raw.h5ad", ReadOptions(obs=data / "pbmc3k/labels.csv")
    )
    to_common = coarse["pbmc3k"][LABEL_KEY]
    config = RunConfig(label_key=LABEL_KEY)

    scores: dict[str, list[str]] = {}
    for recipe in arguments.recipe:
        classifier = train(reference, dataclasses.replace(config, recipe=(recipe,))).classifier
        for name, key in STUDIES.values():
            evaluation = evaluate(
                classifier,
                stream_counts(read_counts(data / f"{name}.h5ad")),
                dataclasses.replace(config, label_key=key),
                label_map=LabelMap(coarse[name][key], to_common),
            )
            scores.setdefault(recipe, []).append(
                " / ".join(
                    f"{s.value:.3f} [{s.low:.3f}, {s.high:.3f}]"
                    for s in (evaluation.scorecard.score(m) for m in ("accuracy", "f1_macro"))
                )
            )

    checked = check_counts(reference)
    labels = labels_from_column(checked.obs, config)
    training = split_without_test(labels.codes_n, config).rows(TRAINING)
    counts = Counts.from_anndata(checked).rows(training)
    space = fit_feature_space(counts, config)
    genes = checked.var.iloc[space.genes_g]
    x_train = space.scale(counts).dense()
    own = np.array([to_common[name] for name in labels.names])[labels.codes_n[training]]
    models = {
        "logistic regression, same genes and cells": LogisticRegression(C=0.01, max_iter=1000),
        "linear SVM, same genes and cells": LinearSVC(C=0.001, dual=True, random_state=0),
    }
    for title, model in models.items():
        model.fit(x_train, own)
        for name, key in STUDIES.values():
            query = check_counts(read_counts(data / f"{name}.h5ad"))
            genes_found = align_genes(tuple(genes.index), tuple(genes[keys.GENE_IDS]), query.var)
            counts = aligned_counts(query.X, genes_found)
            everywhere = dataclasses.replace(space, genes_g=np.arange(len(genes)))
            x = everywhere.scale(Counts(counts, query.obs[keys.TOTAL_COUNTS].to_numpy())).dense()
            x[:, genes_found.columns < 0] = space.center_g[genes_found.columns < 0]
            true = query.obs[key].astype(str).map(coarse[name][key])
            judged = true.notna().to_numpy()
            predicted, true = model.predict(x[judged]), true[judged]
            macro = f1_score(true, predicted, labels=sorted(set(true)), average="macro")
            scores.setdefault(title, []).append(
                f"{accuracy_score(true, predicted):.3f} / {macro:.3f}"
            )
    print("| trained on PBMC3k | " + " | ".join(STUDIES) + " |")
    print("|---" * (len(STUDIES) + 1) + "|")
    for title, cells in scores.items():
        print(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
