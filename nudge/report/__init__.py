"""Telling it: the page for people and results.json for machines."""
