"""Bad days on command: every way in which a broker, its wire or its owner can go wrong. No market rules here."""
