"""What a designer writes and reads before there is a draw: `nudge new`, templates, schema, protocol."""
