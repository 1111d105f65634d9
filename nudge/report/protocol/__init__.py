"""The protocol before a trial runs: SPIRIT 2025 as HTML and Word, and registration texts."""
