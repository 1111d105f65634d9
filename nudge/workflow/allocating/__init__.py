"""Lock, signature, draw, enrolment, amendment, and making a draw again."""
