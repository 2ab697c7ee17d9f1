"""Results in; one self-contained page for a browser out."""
