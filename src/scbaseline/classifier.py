"""The classifier: one torch module from raw counts to calibrated probabilities, one safe file.

``forward`` is the whole line: counts per ``target_sum`` of the cell's total → log1p →
standardise, clipped → principal components, if the recipe has them → network → temperature.
All that was fitted lives in the module's buffers and weights; the file holds them as
safetensors, with a JSON card in its header. No pickle is read or written.
"""

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from scbaseline import keys
from scbaseline.card import ModelCard
from scbaseline.data.check import check_counts
from scbaseline.data.genes import align_genes, aligned_counts
from scbaseline.errors import DataNotFoundError, ModelFileError, ScbaselineWarning
from scbaseline.features import FeatureSpace
from scbaseline.files import write_atomically
from scbaseline.networks import build_network

if TYPE_CHECKING:
    from anndata import AnnData

_HEADER = "scbaseline"  # one entry: safetensors writes several in an order that changes by process
_FITTED = (
    "mean_g", "sd_g", "center_g", "components_gc", "temperature", "target_sum", "max_value",
)  # fmt: skip
_BLOCK = 4096  # cells that are dense at a time


class Classifier(nn.Module):
    """A trained cell classifier, from raw counts to calibrated probabilities.

    Parameters
    ----------
    card
        What it is; fixes the network's shape.
    network
        The trained network.
    fitted
        What else was learnt from cells, by name: ``mean_g``, ``sd_g``, ``center_g``,
        ``components_gc``, ``temperature``, and the settings ``target_sum``, ``max_value``.
    """

    mean_g: Tensor
    sd_g: Tensor
    center_g: Tensor
    components_gc: Tensor
    temperature: Tensor
    target_sum: Tensor
    max_value: Tensor

    def __init__(self, card: ModelCard, network: nn.Module, fitted: dict[str, Tensor]) -> None:
        super().__init__()
        self.card = card
        self.network = network
        for name in _FITTED:
            self.register_buffer(name, fitted[name])
        self.eval()

    @classmethod
    def from_fit(
        cls, card: ModelCard, network: nn.Module, space: FeatureSpace, *, temperature: float
    ) -> Self:
        """Join a trained network and the feature space that it was trained in."""
        # A network on genes needs no components; what is not used is not stored.
        n_comps = space.components_gc.shape[1] if card.recipe.features == "pca" else 0
        values = {
            "mean_g": space.mean_g,
            "sd_g": space.sd_g,
            "center_g": space.center_g,
            "components_gc": space.components_gc[:, :n_comps],
            "temperature": temperature,
            "target_sum": space.target_sum,
            "max_value": space.max_value,
        }
        fitted = {
            name: torch.tensor(np.asarray(value), dtype=torch.float32)
            for name, value in values.items()
        }
        return cls(card, network, fitted)

    def forward(self, counts_ng: Tensor, total_n: Tensor) -> Tensor:
        """Return calibrated probabilities, cells × labels.

        Parameters
        ----------
        counts_ng
            Raw counts of the model's genes, in the model's order, cells × genes. NaN where a
            gene was not measured: it then takes its mean over the training cells, where a
            zero would be a measurement that nobody made.
        total_n
            Each cell's total count over all of its genes, not only the model's.
        """
        # A cell without a count has only zeros to normalise; any total will do for it.
        per_cell = self.target_sum / total_n.clamp(min=1).unsqueeze(1)
        x_nf = (torch.log1p(counts_ng * per_cell) - self.mean_g) / self.sd_g
        x_nf = torch.maximum(torch.minimum(x_nf, self.max_value), -self.max_value)
        x_nf = torch.where(torch.isnan(counts_ng), self.center_g, x_nf)
        if self.components_gc.shape[1] > 0:
            x_nf = (x_nf - self.center_g) @ self.components_gc
        return torch.softmax(self.network(x_nf) / self.temperature, dim=1)

    def probabilities(self, adata: "AnnData") -> NDArray[np.float32]:
        """Return probabilities for cells that someone else counted, cells × labels.

        Parameters
        ----------
        adata
            Raw counts in ``X``; genes are found by Ensembl id first, by symbol second, and
            those that are missing count as not measured.

        Raises
        ------
        InputError
            ``X`` does not hold raw counts, or holds none of the model's genes.
        """
        return self._probabilities(check_counts(adata))

    def predict(self, adata: "AnnData") -> pd.DataFrame:
        """Return ``predicted_label`` and ``probability`` per cell, indexed by cell id.

        A cell without any count gets neither. For Parameters and Raises, see
        :meth:`probabilities`.
        """
        counts = check_counts(adata)
        probabilities_nk = self._probabilities(counts)
        names = np.asarray(self.card.labels, dtype=object)
        predicted = pd.DataFrame(
            {
                "predicted_label": names[probabilities_nk.argmax(axis=1)],
                "probability": probabilities_nk.max(axis=1),
            },
            index=counts.obs_names.rename("cell_id"),
        )
        empty = np.diff(counts.X.indptr) == 0
        if empty.any():
            warnings.warn(
                f"{int(empty.sum()):,} cells have no counts and get no label",
                ScbaselineWarning,
                stacklevel=2,
            )
            predicted[empty] = (None, np.nan)
        return predicted

    def _probabilities(self, counts: "AnnData") -> NDArray[np.float32]:
        found = align_genes(self.card.gene_symbols, self.card.gene_ids, counts)
        if found.missing:
            warnings.warn(
                f"{len(found.missing):,} of the model's {len(self.card.gene_symbols):,} genes are "
                f"not in the data (first: {', '.join(found.missing[:5])})",
                ScbaselineWarning,
                stacklevel=3,
            )
        total_n = counts.obs[keys.TOTAL_COUNTS].to_numpy(np.float32)
        blocks = []
        with torch.inference_mode():
            for start in range(0, counts.n_obs, _BLOCK):
                rows = slice(start, start + _BLOCK)
                counts_ng = aligned_counts(counts.X, found, rows=rows).toarray()
                counts_ng[:, found.columns < 0] = np.nan
                totals = torch.from_numpy(total_n[rows])
                blocks.append(self(torch.from_numpy(counts_ng), totals).numpy())
        return np.concatenate(blocks)

    def save(self, path: str | Path) -> None:
        """Write the classifier to one safetensors file; equal classifiers give equal bytes.

        Raises
        ------
        OutputError
            The file cannot be written; an older one at ``path`` is left as it was.
        """
        tensors = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        card = replace(self.card, tensors_sha256=_digest(tensors))
        content = save(tensors, metadata={_HEADER: card.to_json()})
        write_atomically(path, lambda temporary: temporary.write_bytes(content))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a classifier that :meth:`save` wrote, in any process, on any machine.

        Raises
        ------
        DataNotFoundError
            There is no such file.
        ModelFileError
            It is not a model file, is damaged, or of a format that this version cannot read.
        """
        path = Path(path)
        if not path.is_file():
            raise DataNotFoundError(f"{path}: no such model file; `scbaseline run` writes models/")
        try:
            with safe_open(path, framework="pt") as file:
                card = ModelCard.from_json((file.metadata() or {})[_HEADER])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return cls._from_tensors(card, tensors)
        except KeyError as error:
            raise ModelFileError(
                f"{path}: not a model of scbaseline ({error} is missing); "
                "name a file that `scbaseline run` wrote"
            ) from error
        except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
            raise ModelFileError(
                f"{path}: cannot be read as a model ({str(error).splitlines()[0]}); "
                "name a file that `scbaseline run` wrote"
            ) from error

    @classmethod
    def _from_tensors(cls, card: ModelCard, tensors: dict[str, Tensor]) -> Self:
        n_genes, n_comps = tensors["components_gc"].shape
        if n_genes != len(card.gene_symbols):
            raise ValueError(
                f"{n_genes} genes in the tensors, {len(card.gene_symbols)} on the card"
            )
        # On the meta device nothing is allocated, whatever sizes the card claims.
        with torch.device("meta"):
            network = build_network(
                card.recipe,
                n_inputs=n_comps if card.recipe.features == "pca" else n_genes,
                n_labels=len(card.labels),
            )
        if _digest(tensors) != card.tensors_sha256:
            raise ValueError("its tensors are not those that were saved: the file is damaged")
        classifier = cls(card, network, tensors)
        classifier.load_state_dict(tensors, strict=True, assign=True)
        return classifier


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tuple(tensors[name].shape)}\n".encode())
        digest.update(tensors[name].cpu().numpy().tobytes())
    return digest.hexdigest()
