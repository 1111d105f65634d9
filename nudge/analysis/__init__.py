"""What it means: estimators, variances, inference, missing data."""
