"""Macro-F1 with missing genes on PBMC3k: as zeros, and as the training mean, as models do it.

``python benchmarks/gene_loss.py DATA`` (DATA as for external.py) prints macro-F1 on the test
cells of the Seurat annotation, mean over three random choices of genes.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import f1_score

from scbaseline import RunConfig, read_counts, run
from scbaseline.data.options import ReadOptions

LOST = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)


def main() -> None:
    """Train on PBMC3k, take genes away from the test cells, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    options = ReadOptions(obs=data / "pbmc3k/labels.csv")
    adata = read_counts(data / "pbmc3k/pbmc3k_raw.h5ad", options)
    config = RunConfig(label_key="seurat_annotation", protocol=("inductive",))
    result = run(adata, config)
    (fit,) = result.fits
    cells = result.cells.counts.rows(fit.test)
    counts_ng = cells.counts_ng[:, fit.space.genes_g].toarray()
    total_n = torch.from_numpy(cells.total_n.astype(np.float32))
    true_n = result.labels.codes_n[fit.test]
    print(
        "| recipe | a missing gene is | " + " | ".join(f"{lost:.0%} lost" for lost in LOST) + " |"
    )
    print("|---" * (len(LOST) + 2) + "|")
    for recipe, classifier in result.classifiers.items():
        for title, value in (("zero", 0.0), ("its training mean", np.nan)):
            cells_of_row = []
            for lost in LOST:
                rng = np.random.default_rng(0)
                scores = []
                for _ in range(3):
                    missing = rng.permutation(counts_ng.shape[1]) < lost * counts_ng.shape[1]
                    x = np.where(missing, np.float32(value), counts_ng)
                    with torch.inference_mode():
                        predicted_n = classifier(torch.from_numpy(x), total_n).argmax(1).numpy()
                    scores.append(f1_score(true_n, predicted_n, average="macro"))
                cells_of_row.append(f"{np.mean(scores):.3f}")
            print(f"| {recipe} | {title} | " + " | ".join(cells_of_row) + " |")


if __name__ == "__main__":
    main()
