"""A local server that speaks Alpaca's wire protocol around the pure exchange."""
