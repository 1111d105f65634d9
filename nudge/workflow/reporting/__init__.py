"""From outcomes to results and their report."""
