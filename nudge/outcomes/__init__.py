"""What happened: sources, linkage, windows and maturity."""
