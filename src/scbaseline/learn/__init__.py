"""Features and label codes in, fitted predictors out: recipes, training, calibration."""
