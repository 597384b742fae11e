"""A simulated exchange: matching, account and costs. Pure: commands in, events out."""
