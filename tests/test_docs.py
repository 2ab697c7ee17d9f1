"""The documentation: it builds, its commands and its Python run, and what it repeats is true."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import simulate

import scbaseline
from scbaseline import cli, keys

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PAGES += [DOCS / f"{name}.md" for name in ("index", "quickstart", "your-data", "reading-results")]
PAGES += sorted(set(DOCS.glob("*.md")) - set(PAGES))
"""In the order of reading, since a page uses the files that earlier ones wrote."""

NOT_RUN = {
    r"make \w+": "tests/test_package.py looks at what make would run",
    r"git clone .*": "needs a network",
    r"docker .*": "needs a container engine; the Dockerfile is looked at below",
    r"(source )?\S*activate": "a shell's own command",
    r"python3? -m venv .*": "tests/test_package.py makes environments",
    r"\S*(pip|python) (-m pip )?install .*": "tests/test_package.py installs",
    r"pre-commit install": "changes the checkout's git hooks",
    r"\S*python -m pytest.*": "this is it",
    r"(\S*python -m )?scbaseline run( --out \S+)?": "PBMC3k is not everywhere",
    r"scbaseline (run|audit) pbmc3k.*": "PBMC3k is not everywhere; the embedded sample is run",
    r"scbaseline datasets": "looks for PBMC3k, which is not everywhere",
}
"""Commands that are shown and not run here, and why."""

FEWER = ["--n-bootstrap", "100", "--threads", "1"]
FOLDS = ["--folds", "2", "--repeats", "1"]
CHEAP = {"run": FEWER, "audit": FEWER + FOLDS, "train": FEWER + FOLDS}
"""What is added to a command, so that it does less of the same; and a recipe, if it names none."""

CHEAP_PYTHON = (
    "(adata, label_key=",
    "(adata, folds=2, repeats=1, n_bootstrap=100, threads=1, label_key=",
)
"""What Python is replaced by what, so that it does less of the same."""


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page that are of a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(page: Path) -> Iterator[str]:
    """Yield the commands that a page shows, without comments."""
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            if command := line.partition(" #")[0].strip():
                yield command


def cheap(words: list[str]) -> list[str]:
    """Return the words of a command with those that make it do less."""
    added = CHEAP.get(words[0], [])
    simple = ["--recipe", "logistic"] if added and "--recipe" not in words else []
    return [*words, *added, *simple]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the pages name."""
    folder = tmp_path_factory.mktemp("docs")
    genes = scbaseline.read_counts("pbmc68k_reduced").var_names  # so that its models know them
    mine, other = simulate(n_genes=len(genes)), simulate(n_genes=len(genes), seed=1)
    for adata in (mine, other):
        del adata.uns[keys.PROVENANCE]
        adata.var_names = genes
    mine.obs["donor"] = [f"donor {n % 6}" for n in range(mine.n_obs)]
    mine.layers["counts"], mine.raw = mine.X, mine
    labels = pd.DataFrame({"my_label": mine.obs["cell_type"]})
    labels.to_csv(folder / "my_labels.csv")
    mine.write_h5ad(folder / "my.h5ad")
    other.write_h5ad(folder / "other.h5ad")
    for block in (block for page in PAGES for block in blocks(page, "toml")):
        name = block.partition("\n")[0].removeprefix("# ")  # a block begins with its file's name
        (folder / name).write_text(block)
    return folder


@pytest.mark.slow
def test_every_command_that_is_shown_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command of README and docs ends well on simulated cells, or has a reason above."""
    monkeypatch.chdir(folder)
    done, reasons_used = set(), set()
    for page in PAGES:
        for command in commands(page):
            reason = next((r for r in NOT_RUN if re.fullmatch(r, command)), None)
            if reason is not None:
                reasons_used.add(reason)
            elif command not in done:
                program, *words = shlex.split(command)
                assert program == "scbaseline", f"{page.name}: {command}: no test knows how to run"
                status = cli.main(cheap(words))
                assert status == 0, f"{page.name}: {command}: {capsys.readouterr().err}"
                done.add(command)
    assert done


# Six donors are explored together, which is said: a right warning, and no error here.
@pytest.mark.filterwarnings("ignore::scbaseline.errors.ScbaselineWarning")
@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.stem)
def test_python_that_is_shown_works(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python of a page runs from top to bottom."""
    monkeypatch.chdir(folder)
    if not Path("model.safetensors").exists():
        words = ["train", "my.h5ad", "--label-key", "cell_type", "--out", "model.safetensors"]
        assert cli.main(cheap(words)) == 0
    source = "\n".join(blocks(page, "python")).replace(*CHEAP_PYTHON)
    exec(compile(source, page.name, "exec"), {"__name__": page.stem})  # noqa: S102


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built as `make docs` does."""
    for name in ("sphinx", "myst_parser", "furo"):
        if find_spec(name) is None:
            pytest.skip(f"needs {name}: pip install 'scbaseline[docs]'")
    out = tmp_path_factory.mktemp("site")
    program = Path(sys.executable).with_name("sphinx-build")
    build = (program, "--fail-on-warning", "--keep-going", "--quiet")
    done = subprocess.run([*build, "-d", out / "trees", DOCS, out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_site_has_every_public_name_and_command(site: Path) -> None:
    """The reference pages are made from the code: each public name and command has its place."""
    api = (site / "api.html").read_text(encoding="utf-8")
    ids = set(re.findall(r'id="(?:module-)?scbaseline\.([\w.]+)"', api))
    assert {*scbaseline.__all__, *(f"pl.{name}" for name in scbaseline.pl.__all__)} - ids == set()
    page = re.sub(r"<[^>]+>", "", (site / "commands.html").read_text(encoding="utf-8"))
    names = [name for name in cli.app if not name.startswith("-")]
    assert "run" in names
    assert [name for name in names if f"\nscbaseline {name}¶" not in page] == []
    assert "scbaseline run [OPTIONS]" in page  # and not the name of the program that builds it


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_reference_has_every_setting(site: Path) -> None:
    """Each option of `run` stands on the page of commands."""
    page = (site / "commands.html").read_text(encoding="utf-8")
    settings = [f"--{name.replace('_', '-')}" for name in scbaseline.RunConfig.__annotations__]
    assert [option for option in settings if option not in page] == []


def test_links_between_files_lead_somewhere() -> None:
    """Each link of README and docs to a file of the checkout names one that is there."""
    lost = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert lost == []


# --- the files that the ecosystem looks for --------------------------------------------------


def makefile_checks() -> list[str]:
    """Return the programs that `make test` calls, without pytest."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ntest:")[2]
    return re.findall(r"\$\(BIN\)/(.+)", recipe.partition("\n\n")[0])[:-1]


def test_pre_commit_checks_what_make_test_checks() -> None:
    """Each check of `make test` but the tests is a hook, with the same words."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook["entry"] for repository in config["repos"] for hook in repository["hooks"]]
    assert hooks == [f".venv/bin/{check}" for check in makefile_checks()]


def test_ci_runs_make_test_on_every_declared_python() -> None:
    """The workflow calls `make test` on Linux and macOS, on the versions of the classifiers."""
    text = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["jobs"]["test"]
    matrix = job["strategy"]["matrix"]
    assert {system.partition("-")[0] for system in matrix["os"]} == {"ubuntu", "macos"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert matrix["python"] == declared
    assert f">={declared[0]}" == project["requires-python"]
    assert any(step.get("run", "").startswith("make test") for step in job["steps"])


def test_changelog_is_kept_as_is_usual() -> None:
    """The newest release is this version; its parts are those of Keep a Changelog."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d\S*)\] - \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert released[0] == scbaseline.__version__
    parts = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert parts <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_citation_names_this_version() -> None:
    """CITATION.cff cites the version that it comes with."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == scbaseline.__version__


def test_dockerfile_copies_files_that_are_there() -> None:
    """What the Dockerfile copies is in the checkout."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
