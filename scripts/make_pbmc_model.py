"""The model that comes with the package, from PBMC3k and its published annotation.

``make model`` runs it: ``python scripts/make_pbmc_model.py LABELS.csv``. The counts are found as
``scbaseline run pbmc3k`` finds them. LABELS.csv has a column of barcodes and the column
``scanpy_louvain``: ``obs["louvain"]`` of scanpy's ``pbmc3k_processed``.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from scbaseline import Classifier, RunConfig, read_counts, train
from scbaseline.model.shipped import SHIPPED

COARSE = {
    "CD4 T cells": "CD4 T",
    "CD8 T cells": "CD8 T",
    "B cells": "B",
    "NK cells": "NK",
    "CD14+ Monocytes": "CD14 Mono",
    "FCGR3A+ Monocytes": "FCGR3A Mono",
    "Dendritic cells": "DC",
    "Megakaryocytes": "Mk",
}
NOTES = (
    "counts: 10x Genomics, 3k PBMCs from a Healthy Donor, CC BY 4.0",
    (
        "labels: clusters of these counts, named by their markers: pbmc3k_processed of scanpy "
        "(Wolf et al. 2018, Genome Biology 19:15), BSD-3-Clause, in eight coarse types"
    ),
    "one donor, one chemistry (10x 3' v1): not judged on cells of other donors",
)
MOST_MOVED = 1e-3  # of any probability, by keeping 16 bits


def main() -> None:
    """Train, examine, shorten to 16 bits, and write beside the code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path)
    adata = read_counts("pbmc3k")
    table = pd.read_csv(parser.parse_args().labels, index_col="barcode")
    fine = table["scanpy_louvain"].reindex(adata.obs_names)
    adata.obs["cell_type"] = fine.map(COARSE).to_numpy()
    config = RunConfig(label_key="cell_type", label_origin="same-counts")
    training = train(adata, config, exam=True)
    classifier = training.classifier.changed(notes=(*training.classifier.card.notes, *NOTES))
    path = SHIPPED["pbmc"].path
    classifier.save(path, half=True)
    again = Classifier.load(path).predict(adata, probabilities=True)
    exact = classifier.predict(adata, probabilities=True)
    columns = [name for name in exact if name.startswith("probability")]
    moved = float(np.abs(again[columns] - exact[columns]).to_numpy().max())
    if moved > MOST_MOVED:
        raise SystemExit(f"16 bits move a probability by {moved:.1e}, more than {MOST_MOVED}")
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB; 16 bits move probabilities "
          f"by {moved:.1e} at most")  # fmt: skip


if __name__ == "__main__":
    main()
