"""Turns what is known of the origin of counts into a slot of ``uns``, and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from anndata import AnnData

from scbaseline import keys
from scbaseline.data.datasets import DATASETS, Dataset
from scbaseline.data.fingerprint import fingerprint


@dataclass(frozen=True)
class Provenance:
    """Where counts come from; ``""`` where that is not known.

    Attributes
    ----------
    name
        The data set's name, or the name of the file or folder, without its path.
    fingerprint
        The content's, as :func:`~scbaseline.data.fingerprint.fingerprint` gives it.
    total_key
        The column of obs with each cell's total, where X holds only some of its genes.
    embedded
        Whether the counts are the sample that is installed with scanpy.
    notice
        The sentence for first and last lines, where the embedded sample stands in for a
        data set that could not be had.
    n_other_features
        Rows that are not genes, such as antibodies, peaks or spike-ins, that were left out.
    allow_fractional
        Whether the user said that counts with fractions are welcome.
    fractional
        Whether there are any, as the check found.
    notes
        Sentences on what reading and checking did to the input, and what weakens it.
    """

    name: str
    title: str = ""
    licence: str = ""
    citation: str = ""
    fingerprint: str = ""
    total_key: str = ""
    embedded: bool = False
    notice: str = ""
    n_other_features: int = 0
    allow_fractional: bool = False
    fractional: bool = False
    notes: tuple[str, ...] = ()

    def to_uns(self) -> dict[str, str | bool | int]:
        """Return the plain dict that ``uns["scbaseline"]`` holds and an h5ad file keeps."""
        return asdict(self) | {"notes": "\n".join(self.notes)}


def provenance_of(adata: AnnData) -> Provenance:
    """Return what ``uns["scbaseline"]`` says; of other data only that they are ``adata``."""
    stored = adata.uns.get(keys.PROVENANCE)
    if not isinstance(stored, Mapping) or not str(stored.get("name", "")):
        return Provenance("adata", title="adata")
    # An h5ad file gives numpy's types back; a missing entry has its default.
    texts = {
        key: str(stored[key])
        for key in ("title", "licence", "citation", "fingerprint", "total_key", "notice")
        if key in stored
    }
    return Provenance(
        str(stored["name"]),
        embedded=bool(stored.get("embedded", False)),
        n_other_features=int(stored.get("n_other_features", 0)),
        allow_fractional=bool(stored.get("allow_fractional", False)),
        fractional=bool(stored.get("fractional", False)),
        notes=tuple(str(stored.get("notes", "")).splitlines()),
        **texts,
    )


def identified(name: str, seen: str) -> Provenance:
    """Return the provenance of counts whose fingerprint is ``seen``.

    A data set of the table is known by it, whatever file brought it; other counts are
    called ``name``.
    """
    for dataset in DATASETS.values():
        if dataset.fingerprint == seen:
            return of_dataset(dataset)
    return Provenance(name, title=name, fingerprint=seen)


def of_dataset(dataset: Dataset) -> Provenance:
    """Return the provenance of a data set of the table."""
    return Provenance(
        dataset.name,
        title=dataset.title,
        licence=dataset.licence,
        citation=dataset.citation,
        fingerprint=dataset.fingerprint,
        total_key=dataset.total_key or "",
        embedded=dataset.embedded,
    )


def difference(adata: AnnData, dataset: Dataset) -> str:
    """Return ``""`` if ``adata`` is the data set, else a clause that tells them apart."""
    seen = fingerprint(adata)
    if seen == dataset.fingerprint:
        return ""
    return f"its fingerprint is {seen}, that of {dataset.name} is {dataset.fingerprint}"
