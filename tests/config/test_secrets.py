"""Secrets: never in config.yaml, never in a report; found in the environment, `.env` or a folder."""

import time
from pathlib import Path

import pytest

from holdfast.config.credentials import KEY_ID, SECRET_KEY, Credentials, load_credentials
from holdfast.config.load import load_config
from holdfast.config.masking import mask_lines, names_a_secret
from holdfast.config.problems import ConfigError
from holdfast.config.yaml_source import SIZE_MAX
from holdfast.domain.errors import CredentialsError

SECRET = "hunter2hunter2"  # noqa: S105 - the word that must never be printed


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test without keys in the environment."""
    monkeypatch.delenv(KEY_ID, raising=False)
    monkeypatch.delenv(SECRET_KEY, raising=False)


def read(folder: Path) -> tuple[str, str]:
    """Return the pair that is found for a folder, whatever /run/secrets holds."""
    found = load_credentials(folder, folder / "no-system-secrets")
    return found.key_id.get_secret_value(), found.secret_key.get_secret_value()


@pytest.mark.parametrize(
    "text",
    [
        f"api_key: {SECRET}",
        f"sim: {{seed: 1, secret: {SECRET}}}",
        f"APCA_API_KEY_ID: {SECRET}",
        f"paper:\n  secret-key: '{SECRET}'",
        f"defaults:\n  strategy: {{name: sma_cross, token: {SECRET}}}",
        f"password: |\n  {SECRET}\n  more",
        f"keyId:\n  {SECRET}",
        f"nested: [{{deep: {{Password: {SECRET}}}}}]",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    """A key that holds a secret, anywhere, names the variables to use, and its value appears nowhere."""
    path = tmp_path / "config.yaml"
    path.write_text(f"{text}\nsymbols: [{{symbol: A, qty: 1}}]\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "set APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        f"api_key: {SECRET}: x",
        f"api_key {SECRET}\nb: 1",
        f"secret: '{SECRET}\nbroker: sim",
        f"secret:\n  {SECRET}: [",
        f"sim: {{url: 'http://me:{SECRET}@127.0.0.1'}}",
    ],
)
def test_a_secret_is_hidden_in_a_broken_file(tmp_path: Path, text: str) -> None:
    """Also where the file is not valid, the quoted line hides what follows a secret's key."""
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "expected"),
    [("api_key", True), ("API-Key", True), ("keyId", True), ("auth_token", True), ("key", False), ("qty", False)],
)
def test_a_secrets_key_is_known_in_any_spelling(key: str, expected: bool) -> None:  # noqa: FBT001 - a table's row
    """Underscores, dashes and letter case do not hide a secret's key."""
    assert names_a_secret(key) is expected


def test_lines_without_secrets_stay_as_they_are() -> None:
    """Masking touches nothing else."""
    lines = ["symbols:", "  - symbol: AAPL  # ten", "", "    qty: 10"]
    assert mask_lines(lines) == lines
    assert mask_lines(["token:", "  abc", "qty: 1"]) == ["token:", "  ********", "qty: 1"]


def test_the_environment_wins_over_the_file_and_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is environment, `.env`, `secrets/`, for each variable by itself."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / KEY_ID).write_text("folder-key\n", encoding="utf-8")
    (tmp_path / "secrets" / SECRET_KEY).write_text("folder-secret\n", encoding="utf-8")
    assert read(tmp_path) == ("folder-key", "folder-secret")
    (tmp_path / ".env").write_text(f"OTHER=1\n{KEY_ID}=file-key\n{SECRET_KEY}='file-secret'\n", encoding="utf-8")
    assert read(tmp_path) == ("file-key", "file-secret")
    monkeypatch.setenv(KEY_ID, "env-key")
    assert read(tmp_path) == ("env-key", "file-secret")


def test_a_variable_set_to_nothing_does_not_hide_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exported but empty variable counts as not set."""
    (tmp_path / ".env").write_text(f"{KEY_ID}=file-key\n{SECRET_KEY}=file-secret\n", encoding="utf-8")
    monkeypatch.setenv(KEY_ID, "")
    assert read(tmp_path) == ("file-key", "file-secret")


def test_the_systems_folder_is_the_last_resort(tmp_path: Path) -> None:
    """A container's secrets are found, and `secrets/` beside the config wins over them."""
    system = tmp_path / "run"
    system.mkdir()
    (system / KEY_ID).write_text("system-key", encoding="utf-8")
    (system / SECRET_KEY).write_text("system-secret", encoding="utf-8")
    assert load_credentials(tmp_path, system).key_id.get_secret_value() == "system-key"
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / KEY_ID).write_text("own-key", encoding="utf-8")
    assert load_credentials(tmp_path, system).key_id.get_secret_value() == "own-key"


def test_missing_keys_say_how_to_get_them(tmp_path: Path) -> None:
    """Without keys the text names the variables, the dashboard, the places, and the way without keys: exit 4."""
    with pytest.raises(CredentialsError) as caught:
        read(tmp_path)
    text = str(caught.value)
    for part in (KEY_ID, SECRET_KEY, "https://app.alpaca.markets", str(tmp_path / ".env"), "broker: sim"):
        assert part in text
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("content", [b"", b"APCA_API_KEY_ID=\n", b"\xff\xfe", f"{KEY_ID}={SECRET}\n".encode()])
def test_a_bad_env_file_is_an_error_that_shows_nothing(tmp_path: Path, content: bytes) -> None:
    """An empty, unreadable or half-filled `.env` ends in `CredentialsError` without any of its content."""
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(CredentialsError) as caught:
        read(tmp_path)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_key_with_a_space_is_refused_without_showing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was pasted with something else cannot reach a header."""
    monkeypatch.setenv(KEY_ID, f"{SECRET} {SECRET}")
    monkeypatch.setenv(SECRET_KEY, "x")
    with pytest.raises(CredentialsError, match=f"{KEY_ID} holds a space") as caught:
        read(tmp_path)
    assert SECRET not in str(caught.value)


def test_credentials_never_print_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repr and the text of a pair show asterisks."""
    monkeypatch.setenv(KEY_ID, SECRET)
    monkeypatch.setenv(SECRET_KEY, SECRET)
    found = load_credentials(tmp_path)
    assert isinstance(found, Credentials)
    assert SECRET not in f"{found} {found!r} {found.key_id}"


@pytest.mark.parametrize("piece", ["9", "x", "a1-", "api ", "key_", "//", "secret"])
def test_a_long_line_is_masked_in_a_moment(piece: str) -> None:
    """A line of a whole file's length takes no longer than it takes to read it: a reload must not stop the bot."""
    begun = time.thread_time()
    mask_lines([piece * (SIZE_MAX // len(piece))])
    assert time.thread_time() - begun < 1
