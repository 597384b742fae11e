"""Alpaca's key pair: from the environment, else `.env` beside config.yaml, else a secrets folder.

pydantic-settings carries these two values and nothing else: the environment cannot change trading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from holdfast.domain.errors import CredentialsError

KEY_ID = "APCA_API_KEY_ID"
SECRET_KEY = "APCA_API_SECRET_KEY"  # noqa: S105 - the variable's name, not a secret
SYSTEM_SECRETS = Path("/run/secrets")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair; its repr shows asterisks."""

    key_id: SecretStr
    secret_key: SecretStr


class _KeyPair(BaseSettings):
    """The two variables. Foreign lines in `.env` are ignored, and so is a variable that is set to nothing."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    key_id: SecretStr = Field(default=SecretStr(""), validation_alias=KEY_ID)
    secret_key: SecretStr = Field(default=SecretStr(""), validation_alias=SECRET_KEY)


def load_credentials(config_dir: Path, system_secrets: Path = SYSTEM_SECRETS) -> Credentials:
    """Return the key pair for the config in `config_dir`; `secrets/` there wins over `system_secrets`.

    Raises:
        CredentialsError: when one is missing or cannot be one; the text says where to get and put them.
    """
    # Later folders win, and pydantic-settings warns about folders that are not there.
    folders = [folder for folder in (system_secrets, config_dir / "secrets") if folder.is_dir()]
    pair = _read(config_dir / ".env", folders)
    found = {KEY_ID: _stripped(pair.key_id), SECRET_KEY: _stripped(pair.secret_key)}
    missing = [name for name, value in found.items() if not value]
    if missing:
        raise CredentialsError(_how_to_get_keys(missing, config_dir))
    for name, value in found.items():
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise CredentialsError(f"{name} holds a space or a character that no key has: copy it again")
    return Credentials(SecretStr(found[KEY_ID]), SecretStr(found[SECRET_KEY]))


def _read(env_file: Path, folders: Sequence[Path]) -> _KeyPair:
    """Return what the sources say.

    Raises:
        CredentialsError: when one of them cannot be read; nothing of its content is shown.
    """
    try:
        return _KeyPair(_env_file=env_file, _secrets_dir=tuple(folders) or None)
    except (OSError, ValueError, SettingsError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        places = " or ".join(str(place) for place in (env_file, *folders))
        raise CredentialsError(f"the credentials in {places} cannot be read: {reason}") from None


def _stripped(secret: SecretStr) -> str:
    return secret.get_secret_value().strip()


def _how_to_get_keys(missing: Sequence[str], config_dir: Path) -> str:
    """Return the whole way from no keys to a first paper trade."""
    return "\n".join(
        (
            f"no credentials for Alpaca: {' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set",
            "  get a key pair: log in at https://app.alpaca.markets, choose the paper account, 'API Keys'",
            f"  put it in the environment, or in {config_dir / '.env'} as two lines:",
            f"    {KEY_ID}=...",
            f"    {SECRET_KEY}=...",
            f"  or as two files of these names in {config_dir / 'secrets'}",
            "  to try without keys: write 'broker: sim' in config.yaml and run again",
        )
    )
