"""The key pair: checked before it can enter a header, and kept out of every text that leaves the adapter."""

import re
from dataclasses import dataclass, field

from pydantic import SecretStr

from holdfast.domain.errors import CredentialsError

_HEADER_SAFE = re.compile(r"[\x21-\x7e]{1,256}")
_TEXT_MAX = 300
# A shorter one is a simulator's stand-in; hiding "key" everywhere would only garble the messages.
_REDACTED_FROM = 6

WHERE_KEYS_COME_FROM = (
    "set APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment or in .env beside config.yaml "
    "(https://app.alpaca.markets, paper dashboard, API keys); `broker: sim` needs none"
)


@dataclass(frozen=True)
class Credentials:
    """The key and its secret.

    Raises:
        CredentialsError: if either is empty or could not stand in a header; requests would print it otherwise.
    """

    key: SecretStr
    secret: SecretStr
    _hidden: tuple[str, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        values = (self.key.get_secret_value(), self.secret.get_secret_value())
        if not all(_HEADER_SAFE.fullmatch(value) for value in values):
            raise CredentialsError(f"the Alpaca keys are empty or hold blanks: {WHERE_KEYS_COME_FROM}")
        object.__setattr__(self, "_hidden", tuple(value for value in values if len(value) >= _REDACTED_FROM))

    def clean(self, text: str) -> str:
        """Return `text` without the keys and cut to a line's length: the broker may have echoed them."""
        for value in self._hidden:
            text = text.replace(value, "***")
        return text[:_TEXT_MAX]
