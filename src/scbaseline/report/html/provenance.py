"""Data, settings and versions in; what a page says of where its numbers come from, out."""

import platform
from importlib import metadata
from typing import Any

from scbaseline import __version__
from scbaseline.data.info import DataInfo
from scbaseline.report.folder import settings_toml
from scbaseline.report.html.blocks import Copyable, Section

_PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "igraph", "anndata", "scranpy")

_CITATIONS = (
    "Leiden: Traag, Waltman & van Eck, From Louvain to Leiden, Scientific Reports 2019.",
    "UMAP: McInnes, Healy & Melville, UMAP, arXiv 1802.03426.",
    (
        "Genes: Satija et al., Spatial reconstruction of single-cell gene expression data, Nature "
        "Biotechnology 2015; Wolf et al., SCANPY, Genome Biology 2018."
    ),
    "Temperature: Guo et al., On calibration of modern neural networks, ICML 2017.",
)


def provenance_section(
    data: DataInfo | None, settings: dict[str, Any], *, methods: str, models: str = ""
) -> Section:
    """Return fingerprint, settings, versions, methods and citations, each to be copied.

    Parameters
    ----------
    data
        What the counts are, where a file was read whole.
    settings
        By name.
    methods
        A paragraph for a methods section.
    models
        Which models the page is about.
    """
    blocks = []
    if data is not None:
        what = f"{data.title}\n{data.n_cells:,} cells × {data.n_genes:,} genes"
        licence = f"\nlicence: {data.licence}" if data.licence else ""
        blocks.append(Copyable("Data and fingerprint", f"{what}\n{data.fingerprint}{licence}"))
    if models:
        blocks.append(Copyable("Model", models))
    blocks.append(Copyable("Methods paragraph", methods))
    blocks.append(Copyable("Settings", settings_toml(settings).strip()))
    blocks.append(Copyable("Versions", versions()))
    own = f"scbaseline {__version__} (MIT)."
    cited = [data.citation] if data is not None and data.citation else []
    blocks.append(Copyable("Citations", "\n".join([*cited, *_CITATIONS, own])))
    return Section("provenance", "Provenance", tuple(blocks))


def versions() -> str:
    """Return the versions of Python, this package and the libraries that make numbers."""
    lines = [f"python {platform.python_version()}", f"scbaseline {__version__}"]
    for name in _PACKAGES:
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:  # scranpy has no wheel everywhere
            continue
    return "\n".join(lines)
