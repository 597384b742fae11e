"""Holdfast: a portfolio bot for Alpaca that remembers what it owns."""
