"""The error tree, split first by what the caller must do next.

HoldfastError
├── Recoverable       back off and try again; nothing was changed
├── OutcomeUnknown    a write was sent and its answer was lost: keep it in flight, ask the broker
├── Rejected          the broker said no: record the reason, never retry
│   └── DuplicateOrder   the id exists already: look it up and adopt it
└── Fatal             a person must look; the message names the next command to type
    ├── UsageError       exit 2: invalid config, or a start that must not happen
    ├── CredentialsError exit 4: keys missing or refused
    └── LockedError      exit 5: another instance holds the state folder
"""


class HoldfastError(Exception):
    """Every error that Holdfast raises on purpose."""


class Recoverable(HoldfastError):  # noqa: N818 - named by what the caller does next
    """A read failed; nothing changed. The caller backs off and tries again."""


class OutcomeUnknown(HoldfastError):  # noqa: N818
    """A write was sent and no clear answer came. Only a look-up by client order id can resolve it."""


class Rejected(HoldfastError):  # noqa: N818
    """The broker refused the request. The reason is recorded; the request is never repeated."""

    def __init__(self, reason: str, *, status: int = 0, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.code = code


class DuplicateOrder(Rejected):
    """The client order id is taken: the order exists. The caller looks it up and adopts it."""


class Fatal(HoldfastError):  # noqa: N818
    """The bot, or this symbol, stops; the message tells a person what to type next."""

    exit_code = 1


class UsageError(Fatal):
    """Invalid config or a start that must not happen."""

    exit_code = 2


class CredentialsError(Fatal):
    """Keys are missing or the broker refuses them."""

    exit_code = 4


class LockedError(Fatal):
    """Another process holds the state folder."""

    exit_code = 5
