"""What is wired to what: one small file per runnable thing."""
