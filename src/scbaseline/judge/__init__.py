"""True and predicted labels in, scores with intervals and verdicts out; no counts and no torch."""
