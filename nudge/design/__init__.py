"""Who gets what: the draw, its law, and the balance it gave."""
