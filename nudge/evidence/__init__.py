"""What we know by now: effects of several trials pooled."""
