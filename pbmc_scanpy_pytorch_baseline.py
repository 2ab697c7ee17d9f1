#!/usr/bin/env python3
"""PBMC3k with Scanpy and PyTorch: from raw counts to three trained, honestly judged classifiers.

Filter, normalise, log1p, highly variable genes, PCA, neighbours, Leiden and UMAP; then three
networks predict the clusters, beside four simple baselines, each judged twice: as usually
published, and with nothing fitted on a test cell. Writes figures/, models/ and tables into the
current folder. Takes the same options as ``scbaseline run`` (``--help`` lists them).
"""

import sys
from pathlib import Path

try:
    from scbaseline.cli import main
except ModuleNotFoundError as error:
    if error.name != "scbaseline":
        sys.exit(f"{error.name} is not installed; first: pip install -r requirements.txt")
    # Not installed: take the package that stands beside this script.
    sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))
    try:
        from scbaseline.cli import main
    except ModuleNotFoundError as missing:
        sys.exit(f"{missing.name} is not installed; first: pip install -r requirements.txt")

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
