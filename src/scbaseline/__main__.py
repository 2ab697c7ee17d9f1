"""Lets ``python -m scbaseline`` do what the command ``scbaseline`` does."""

import sys

from scbaseline.cli import main

if __name__ == "__main__":
    sys.exit(main())
