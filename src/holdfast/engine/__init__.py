"""How the bot runs: ports, submission, reconciliation, workers and their supervisor."""
