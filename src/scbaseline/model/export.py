"""A classifier in; a file in the open format ONNX out, for programs that have no torch."""

import io
import warnings
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scbaseline.errors import ConfigError, OutputError
from scbaseline.files import write_atomically
from scbaseline.model.classifier import Classifier
from scbaseline.model.dense import in_full

OPSET = 18
"""The version of ONNX's operators: the highest that torch's exporter knows in all versions."""

CARD = "scbaseline"
"""The entry of the file's metadata that holds the model card as JSON."""

INPUTS = ("counts", "total")
OUTPUTS = ("probabilities", "unknown_score")
"""Their names in the file; a recipe on genes or components has no score."""

_CLOSE = 1e-4  # how far onnx's own slow evaluator may be from torch in the check of a new file


def export_onnx(model: Classifier | str | Path, path: str | Path) -> None:
    """Write a classifier as an ONNX file, which runs without torch and without scbaseline.

    Inputs are ``counts``, float32, cells × the model's genes in the card's order, NaN where a
    gene was not measured; and ``total``, float32, each cell's total count over all its genes.
    Outputs are ``probabilities``, cells × labels, and, of a recipe on counts,
    ``unknown_score``. A cell whose total is 0 gets NaN. The score needs cells that all lack
    the same genes: where they do not, it is NaN for every cell of the call.

    Parameters
    ----------
    model
        A classifier, the path of a model file, or the name of a model that comes with the
        package.
    path
        The file to write.

    Raises
    ------
    ConfigError
        The package onnx is missing.
    OutputError
        The file cannot be written; or what was to be written does not compute what torch does.
    DataNotFoundError, ModelFileError
        There is no such model file, or it cannot be read.

    Examples
    --------
    >>> import scbaseline as sb
    >>> sb.export_onnx("pbmc", "pbmc.onnx")  # doctest: +SKIP
    """
    require_onnx()
    classifier = model if isinstance(model, Classifier) else Classifier.load(model)
    content = _checked(_Graph(classifier).eval(), classifier)
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def require_onnx() -> None:
    """Say how to get the package onnx, where it is missing.

    Raises
    ------
    ConfigError
        It cannot be loaded.
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"an .onnx file needs the package onnx, which cannot be loaded ({error}); "
            "type pip install 'scbaseline[onnx]'"
        ) from error


class _Graph(nn.Module):
    """What the file computes: all that a classifier says of each cell."""

    temperature: Tensor

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.front, self.network = classifier.front, classifier.network
        self.register_buffer("temperature", classifier.temperature)
        self.unknown = copy(classifier.unknown)
        if self.unknown is not None:
            self.unknown.inverse = inverse_by_elimination

    def forward(self, counts_ng: Tensor, total_n: Tensor) -> tuple[Tensor, ...]:
        missing_ng = counts_ng.isnan()
        missing_g = missing_ng.any(dim=0)
        ruler = None if self.unknown is None else self.unknown.ruler(missing_g)
        probability_nk, score_n = in_full(self, counts_ng, total_n, ruler)
        empty_n = total_n <= 0
        probability_nk = probability_nk.masked_fill(empty_n.unsqueeze(1), torch.nan)
        if score_n is None:
            return (probability_nk,)
        differ = (missing_ng != missing_g).any()
        return probability_nk, score_n.masked_fill(empty_n | differ, torch.nan)


def inverse_by_elimination(matrix_xcc: Tensor) -> Tensor:
    """Return the inverse of positive definite matrices, for which ONNX has no operator.

    Such matrices need no exchange of rows, so each step is a few products.

    Parameters
    ----------
    matrix_xcc
        One matrix, or several.
    """
    size = matrix_xcc.shape[-1]
    identity = torch.eye(size, dtype=matrix_xcc.dtype)
    both = torch.cat([matrix_xcc, identity.expand_as(matrix_xcc)], dim=-1)
    for i in range(size):
        row = both[..., i : i + 1, :] / both[..., i : i + 1, i : i + 1]
        both = both - (both[..., i : i + 1] - identity[:, i : i + 1]) @ row
    return both[..., size:]


def _checked(graph: _Graph, classifier: Classifier) -> bytes:
    """Return the file's content, once it computed what torch computes of a few made cells."""
    from onnx.reference import ReferenceEvaluator

    cells = _made_cells(len(classifier.card.gene_symbols))
    model = _traced(graph, cells)
    # Counts of a missing gene, so that no step is left out.
    cells[0][:, 0] = torch.nan
    with torch.no_grad():
        expected = graph(*cells)
    given = dict(zip(INPUTS, (x.numpy() for x in cells), strict=True))
    with np.errstate(all="ignore"):
        computed = ReferenceEvaluator(model).run(None, given)
    for name, a, b in zip(OUTPUTS, expected, computed, strict=False):
        if not np.allclose(a.numpy(), b, atol=_CLOSE, equal_nan=True):
            raise OutputError(
                f"{name}: the ONNX file would not compute what torch {torch.__version__} does, so "
                "it was not written; use the .safetensors file, or another version of torch"
            )
    model.metadata_props.add(key=CARD, value=classifier.card.to_json())
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _traced(graph: _Graph, cells: tuple[Tensor, Tensor]) -> Any:
    """Return the ONNX model of a graph.

    torch has two exporters. The newer one needs two packages more and loads torch's compiler;
    for these models it takes half a minute, where this one takes two seconds.
    """
    import onnx

    outputs = OUTPUTS if graph.unknown is not None else OUTPUTS[:1]
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # It warns of its age, and of steps that it cannot prove right: _checked tries them.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph, cells, file, dynamo=False, opset_version=OPSET,  # type: ignore[arg-type]
            input_names=INPUTS, output_names=outputs,
            dynamic_axes={name: {0: "cells"} for name in (*INPUTS, *outputs)},
        )  # fmt: skip
    return onnx.load_from_string(file.getvalue())


def _made_cells(n_genes: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(0)
    counts_ng = torch.from_numpy(rng.poisson(1.0, (3, n_genes)).astype(np.float32))
    return counts_ng, counts_ng.sum(dim=1)
