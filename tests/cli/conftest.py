"""What several tests of the command line start from."""

from pathlib import Path

import pytest
from commands import FLAGS
from conftest import simulate

from scbaseline import keys
from scbaseline.cli import main


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with simulated cells in it, and the outputs of a run on them in out/."""
    folder = tmp_path_factory.mktemp("cli")
    cells = simulate()
    del cells.uns[keys.PROVENANCE]
    cells.write_h5ad(folder / "cells.h5ad")
    status = main(
        ["run", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--out"]
        + [str(folder / "out"), *FLAGS]
    )
    assert status == 0
    return folder


@pytest.fixture(scope="session")
def trained(folder: Path) -> Path:
    """Return a model file that `train` wrote from the simulated cells."""
    out = folder / "trained.safetensors"
    words = ["train", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--out", str(out)]
    assert main([*words, "--folds", "2", "--recipe", "hvg", *FLAGS]) == 0
    return out
