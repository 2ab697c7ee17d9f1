"""Files damaged at random never kill the process, never hang it, and raise no foreign error."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it watches processes by Linux")
def test_two_hundred_damaged_files_are_read_or_refused() -> None:
    """A fixed seed; `python tests/fuzz.py 10000` reads many more."""
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), "200", "--start", "0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 inputs, 0 wrong" in done.stdout
