"""``scbaseline export``: a saved model for programs that have no torch."""

from pathlib import Path
from typing import Literal

from scbaseline.cli.app import ModelFile, Overwrite, app
from scbaseline.cli.groups import USE


@app.command(
    group=USE,
    sort_key=2,
    help_epilogue="Example: scbaseline export model.safetensors --out model.onnx",
)
def export(
    model: ModelFile,
    /,
    *,
    out: Path,
    to: Literal["onnx"] = "onnx",
    overwrite: Overwrite = False,
) -> None:
    """Write a model as an ONNX file, which runs in any language, without torch or scbaseline.

    Inputs: counts of the model's genes (missing genes are NaN) and each cell's total count.
    Outputs: probabilities, and unknown_score from a model of a recipe on counts. The card is
    in the file's metadata, under the key scbaseline.

    Parameters
    ----------
    out
        The file to write: .onnx.
    to
        The format.
    """
    from scbaseline.errors import ConfigError
    from scbaseline.files import refuse_input_as_output
    from scbaseline.report.ours import refuse_strangers_files

    if out.suffix.lower() != f".{to}":
        raise ConfigError(f"--out {out}: does not end in .{to}; type --out {out.stem}.{to}")
    refuse_input_as_output(out, model)
    refuse_strangers_files([out], overwrite=overwrite)

    from scbaseline.model.export import INPUTS, OPSET, export_onnx
    from scbaseline.report.finding import Finding
    from scbaseline.report.screen import Screen

    export_onnx(model, out)
    written = f"{out}: ONNX, opset {OPSET}; inputs {' and '.join(INPUTS)}"
    Screen().show(Finding("Written", (written,)))
