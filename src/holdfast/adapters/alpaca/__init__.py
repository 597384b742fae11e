"""The only place that knows alpaca-py."""
