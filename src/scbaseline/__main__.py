"""The process that ``scbaseline`` and ``python -m scbaseline`` start."""

import atexit
import gc
import sys

from scbaseline.cli import main


def start(words: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit status.

    Parameters
    ----------
    words
        What was typed after ``scbaseline``; by default, what this process was started with.
    """
    # Hundreds of thousands of objects come with the libraries and stay: to search them for
    # garbage again and again while they are loaded, and once more at the end, takes seconds.
    gc.set_threshold(100_000, 10, 10)
    atexit.register(gc.freeze)
    sys.exit(main(words))


if __name__ == "__main__":
    start()
