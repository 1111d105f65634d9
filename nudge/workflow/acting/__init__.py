"""Trials acted out on made-up families: examples, the demonstration, `simulate --run`."""
