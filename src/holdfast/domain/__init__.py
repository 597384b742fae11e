"""What trading is: orders, positions, states and the pure rules over them. No IO, no clock, no asyncio."""
