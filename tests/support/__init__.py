"""Real parts for tests: small trials on disk, and an SMTP server that keeps its own record."""
