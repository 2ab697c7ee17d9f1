"""What every test of reading data needs."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own cache folder, not made yet, no data folder, and no proxy."""
    monkeypatch.delenv("SCBASELINE_DATA_DIR", raising=False)
    monkeypatch.setenv("SCBASELINE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"
