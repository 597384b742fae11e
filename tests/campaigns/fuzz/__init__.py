"""The fuzz: bytes and values made of whatever can go wrong, against everything that reads from outside."""
