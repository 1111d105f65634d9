"""What a trial could show: power by formula, and the whole trial many times over."""
