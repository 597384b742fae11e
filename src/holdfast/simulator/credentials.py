"""Who may use the simulator: anyone with a key pair, unless one pair was fixed."""

from collections.abc import Mapping


class Credentials:
    """The accepted key pair; None accepts any that is not empty."""

    def __init__(self, key: str | None, secret: str | None) -> None:
        self._key = key
        self._secret = secret

    def accept(self, key: object, secret: object) -> bool:
        """Whether this pair opens the door."""
        if not key or not secret:
            return False
        return self._key in (None, key) and self._secret in (None, secret)

    def accept_headers(self, headers: Mapping[str, str]) -> bool:
        """Whether the request carries a pair that opens the door."""
        return self.accept(headers.get("apca-api-key-id"), headers.get("apca-api-secret-key"))
