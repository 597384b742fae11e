"""The outside world behind the engine's ports: Alpaca, files, clocks and logs."""
