#!/usr/bin/env python3
"""PBMC3k with Scanpy and PyTorch: from raw counts to three trained, honestly judged classifiers.

Filter, normalise, log1p, highly variable genes, PCA, neighbours, Leiden and UMAP; then three
networks and four simple baselines predict the clusters. They are judged under four protocols:
as usually published, with nothing fitted on a test cell, and on two thinned halves of the
counts. Writes figures/, models/ and tables into the current folder. Takes the same options as
``scbaseline run`` (``--help`` lists them).
"""

import sys
from pathlib import Path

try:
    from scbaseline.__main__ import start
except ModuleNotFoundError as error:
    if error.name != "scbaseline":
        sys.exit(f"{error.name} is not installed; first: pip install -r requirements.txt")
    # Not installed: take the package that stands beside this script.
    sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))
    try:
        from scbaseline.__main__ import start
    except ModuleNotFoundError as missing:
        sys.exit(f"{missing.name} is not installed; first: pip install -r requirements.txt")

if __name__ == "__main__":
    start(["run", *sys.argv[1:]])
