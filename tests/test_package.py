"""What a new user gets: two bare environments, two archives, pinned requirements, a Makefile."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from matplotlib.image import imread
from packaging.requirements import Requirement
from packaging.version import Version

from scbaseline import Classifier, __version__

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = "pbmc_scanpy_pytorch_baseline.py"
EMBEDDED = "pbmc68k_reduced"  # installed with scanpy, so that a run needs no network

OUTPUTS = {
    "figures/umap_pbmc_clusters.png",
    "figures/confusion_matrix.png",
    "figures/confusion_matrix_hvg.png",
    "figures/confusion_matrix_hvg_earlystop.png",
    "figures/training_curves.png",
    "figures/qc.png",
    "models/pca.safetensors",
    "models/hvg.safetensors",
    "models/hvg-earlystop.safetensors",
    "metrics.json",
    "timings.json",
    "cells.h5ad",
    "run.toml",
    "report.html",
    "clusters.csv",
}
"""What the README promises, typed here once more: the promise is to users, not to the code."""

DATA_FILES = {
    "scbaseline/py.typed",
    "scbaseline/__init__.pyi",
    "scbaseline/cells/blood_markers.tsv",
    "scbaseline/model/shipped/pbmc.safetensors",
    "scbaseline/report/html/page.css",
    "scbaseline/report/html/page.html",
    "scbaseline/report/html/page.js",
}
"""What is no module: the names of types, tables, the model that ships, the report's page."""

MODULES = {
    path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/scbaseline").rglob("*.py")
}


def environment(**changed: str | Path) -> dict[str, str]:
    """Return a user's environment: this one, without what points at this checkout."""
    foreign = ("PYTHONPATH", "SCBASELINE_", "MAKE", "MFLAGS")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return kept | {key: str(value) for key, value in changed.items()}


def do(
    *command: str | Path, cwd: Path, env: dict[str, str] | None = None, status: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command; where it does not end with ``status``, fail with all that it said."""
    done = subprocess.run(
        command, cwd=cwd, env=env or environment(), capture_output=True, text=True
    )
    said = f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    assert done.returncode == status, f"status {done.returncode}: {said}"
    return done


def files_under(folder: Path) -> set[str]:
    """Return every file below a folder, relative to it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def copy_checkout(names: Sequence[str], target: Path) -> Path:
    """Copy files and folders of the checkout, without what running them left behind."""
    target.mkdir(parents=True)
    for name in names:
        if (ROOT / name).is_dir():
            leftovers = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, target / name, ignore=leftovers)
        else:
            shutil.copy(ROOT / name, target / name)
    return target


def lines(name: str) -> list[str]:
    """Return the lines of a requirements file."""
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def pins(name: str) -> dict[str, str]:
    """Return version by distribution, of a pinned requirements file."""
    return dict(line.partition(" ;")[0].split("==") for line in lines(name))


# --- the script in an environment of its own -------------------------------------------------


def check_script_runs_with(requirements: str, folder: Path) -> None:
    """Run the script where only ``requirements`` is installed, and look at all that it made."""
    checkout = copy_checkout([SCRIPT, "src"], folder / "checkout")
    out = folder / "anywhere"
    out.mkdir()
    with TemporaryDirectory(dir=folder) as venv:  # pytest would keep these gigabytes
        do(sys.executable, "-m", "venv", "--without-pip", venv, cwd=out)
        python = Path(venv, "bin", "python")
        # The newest torch would bring gigabytes of CUDA; of the pinned one there is a CPU build.
        torch = f"torch=={pins('requirements.txt')['torch']}"
        pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
        install = ("install", "--quiet", "--no-compile", torch, "-r", ROOT / requirements)
        do(*pip, *install, cwd=out)
        missing = do(python, "-c", "import scbaseline", cwd=out, status=1)
        assert "No module named 'scbaseline'" in missing.stderr

        cheap = ("--threads", "1", "--n-bootstrap", "100")
        do(python, checkout / SCRIPT, EMBEDDED, *cheap, cwd=out)

    assert files_under(out) == OUTPUTS
    for path in out.glob("figures/*.png"):
        assert np.ptp(imread(path)) > 0.5, f"{path.name} is blank"
    for path in out.glob("models/*.safetensors"):
        assert Classifier.load(path).card.recipe.name == path.stem


@pytest.mark.long
@pytest.mark.slow
def test_script_runs_with_minimal_requirements(tmp_path: Path) -> None:
    """The script, src beside it and requirements-min.txt make every promised output."""
    check_script_runs_with("requirements-min.txt", tmp_path)


def test_script_names_what_is_missing(tmp_path: Path) -> None:
    """Without its requirements, the script says what is missing and the command to type."""
    without_packages = (sys.executable, "-S", ROOT / SCRIPT, EMBEDDED)
    done = do(*without_packages, cwd=tmp_path, status=1)
    assert re.fullmatch(
        r"\w+ is not installed; first: pip install -r requirements\.txt\n", done.stderr
    )


# --- the archives ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sdist, and with the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("build")
    named = ["src", "pyproject.toml", "README.md", "LICENSE", "Makefile", SCRIPT]
    named += [path.name for path in ROOT.glob("requirements*.txt")]
    checkout = copy_checkout(named, folder / "checkout")
    do(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", cwd=checkout)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """Return the one wheel."""
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the installed wheel."""
    folder = tmp_path_factory.mktemp("installed") / "site"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    do(*pip, "--no-deps", "--target", folder, wheel, cwd=wheel.parent)
    return folder


@pytest.mark.slow
def test_sdist_holds_what_a_user_needs(dist: Path) -> None:
    """The sdist holds the typing marker, the licence, the script, and every module of src."""
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"src/scbaseline/py.typed", "LICENSE", "requirements.txt", "pyproject.toml", SCRIPT}
    assert needed | {f"src/{module}" for module in MODULES} <= held


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """The wheel holds every module of src, the typing marker, and metadata with the licence."""
    info = f"scbaseline-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert f"{info}/licenses/LICENSE" in held
    assert {name for name in held if not name.startswith(info)} == {
        *DATA_FILES,
        *MODULES,
    }


@pytest.mark.slow
@pytest.mark.parametrize("module", [True, False], ids=["python -m scbaseline", "scbaseline"])
def test_wheel_tells_its_version(installed: Path, tmp_path: Path, *, module: bool) -> None:
    """The installed command and the installed module both print the version."""
    command = ("-m", "scbaseline") if module else (installed / "bin" / "scbaseline",)
    done = do(
        *(sys.executable, *command, "--version"),
        cwd=tmp_path,
        env=environment(PYTHONPATH=installed),
    )
    assert done.stdout == f"{__version__}\n"


@pytest.mark.slow
def test_wheel_runs(installed: Path, tmp_path: Path) -> None:
    """A run of the installed wheel, away from the checkout, saves a model."""
    env = environment(PYTHONPATH=installed)
    where = "import scbaseline; print(scbaseline.__file__)"
    imported = do(sys.executable, "-c", where, cwd=tmp_path, env=env).stdout.strip()
    assert Path(imported) == installed / "scbaseline" / "__init__.py"

    chosen = ("--protocol", "inductive", "--recipe", "pca")
    cheap = ("--threads", "1", "--n-bootstrap", "100")
    run = (sys.executable, "-m", "scbaseline", "run", EMBEDDED, "--out", tmp_path / "out")
    do(*run, *chosen, *cheap, cwd=tmp_path, env=env)
    assert (tmp_path / "out/models/pca.safetensors").is_file()


# --- the requirements ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_every_requirement_is_one_public_version(name: str) -> None:
    """Each line is ``name==version`` and perhaps a marker: no index, path, URL or local build."""
    for line in lines(name):
        requirement = Requirement(line)  # refuses options such as --index-url, and paths
        assert requirement.url is None, line
        assert not requirement.extras, line
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        assert Version(specifier.version).local is None, line


def test_torch_is_pinned_to_the_tested_release() -> None:
    """The pinned torch is the release of which a CPU build is known, without its build's name."""
    assert "torch==2.13.0" in lines("requirements.txt")


def test_test_tools_run_on_what_users_get() -> None:
    """Every pin of users is a pin of the tests."""
    assert pins("requirements.txt").items() <= pins("requirements-test.txt").items()


def dependencies() -> list[str]:
    """Return the dependencies that pyproject.toml declares."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared: list[str] = pyproject["project"]["dependencies"]
    return declared


def test_minimal_requirements_are_the_declared_dependencies() -> None:
    """requirements-min.txt says what pyproject.toml says, so that neither drifts."""
    assert lines("requirements-min.txt") == dependencies()


@pytest.mark.parametrize("dependency", dependencies())
def test_pin_is_within_the_declared_bounds(dependency: str) -> None:
    """requirements.txt pins each declared dependency, to a version that its bounds allow."""
    requirement = Requirement(dependency)
    assert requirement.specifier.contains(pins("requirements.txt")[requirement.name])


# --- the Makefile ----------------------------------------------------------------------------


def make(folder: Path, *words: str, **env: str) -> list[str]:
    """Call make in a copy of the Makefile; return the lines that it prints."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    checkout = folder / "checkout"
    if not checkout.exists():
        named = ["Makefile", "pyproject.toml", "requirements.txt", "requirements-test.txt"]
        copy_checkout(named, checkout)
    return do("make", *words, cwd=checkout, env=environment(**env)).stdout.splitlines()


def test_make_run_ends_with_the_script(tmp_path: Path) -> None:
    """``make run`` makes the environment, installs the pins and the package, runs the script."""
    commands = make(tmp_path, "--dry-run", "run")
    installs = [command for command in commands if "pip install" in command]
    assert ["requirements.txt" in installs[0], "--editable ." in installs[1]] == [True, True]
    assert commands[-1] == f".venv/bin/python {SCRIPT}"


def test_make_test_ends_with_every_check(tmp_path: Path) -> None:
    """``make test`` checks style, types and layers, then runs the tests."""
    checks = ["ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"]
    commands = make(tmp_path, "--dry-run", "test")[-len(checks) :]
    for check, command in zip(checks, commands, strict=True):
        assert f".venv/bin/{check}" in command


@pytest.mark.parametrize(
    ("environ", "data", "test_data"),
    [
        ({}, "../shared/data/pbmc3k", "../shared/data"),
        ({"SCBASELINE_DATA_DIR": "mine"}, "mine", "../shared/data"),
        ({"SCBASELINE_TEST_DATA": "mine"}, "../shared/data/pbmc3k", "mine"),
    ],
    ids=["neither", "data", "test data"],
)
def test_environment_wins_over_the_folder_beside_the_checkout(
    tmp_path: Path, environ: dict[str, str], data: str, test_data: str
) -> None:
    """The folder beside the checkout is what programs see, unless the user named another."""
    (tmp_path / "shared/data/pbmc3k").mkdir(parents=True)
    # Absolute, since tests change folder.
    wanted = [name.replace("..", str(tmp_path.resolve()), 1) for name in (data, test_data)]
    assert data_folders(tmp_path, **environ) == wanted


def test_no_folder_beside_the_checkout_names_none(tmp_path: Path) -> None:
    """Where there is no shared folder, none is named to the programs that make starts."""
    assert data_folders(tmp_path) == ["", ""]


def data_folders(folder: Path, **environ: str) -> list[str]:
    """Return the data folders that a program sees which make starts."""
    show = 'show: ; @echo "$$SCBASELINE_DATA_DIR"; echo "$$SCBASELINE_TEST_DATA"'
    return make(folder, "--silent", f"--eval={show}", "show", **environ)


# The second environment stands far from the first, because pytest-xdist hands out neighbours
# to one worker, and these two take longer than all others together.


@pytest.mark.long
@pytest.mark.slow
def test_script_runs_with_pinned_requirements(tmp_path: Path) -> None:
    """The script, src beside it and requirements.txt make every promised output."""
    check_script_runs_with("requirements.txt", tmp_path)
