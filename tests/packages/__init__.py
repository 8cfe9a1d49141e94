"""What is built of a checkout, and what can be done with it."""
