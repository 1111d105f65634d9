"""What comes back from families and providers, and what is done about it."""
