"""When to trade: bars in, signals out. Pure functions over arrays."""
