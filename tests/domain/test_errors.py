"""The error tree: what the caller must do follows from the class, and exit codes from the fatal ones."""

import pytest

from holdfast.domain import errors

CODES = [(errors.Fatal, 1), (errors.UsageError, 2), (errors.CredentialsError, 4), (errors.LockedError, 5)]
BRANCHES = (errors.Recoverable, errors.OutcomeUnknown, errors.Rejected, errors.Fatal)


@pytest.mark.parametrize(("kind", "code"), CODES)
def test_a_fatal_error_knows_its_exit_code(kind: type[errors.Fatal], code: int) -> None:
    """The codes are those of the design."""
    assert kind("stop").exit_code == code


def test_the_branches_are_disjoint() -> None:
    """No error asks its caller for two things."""
    for error in _all(errors.HoldfastError):
        if error.__module__ != errors.__name__:
            continue
        assert sum(issubclass(error, branch) for branch in BRANCHES) == 1, error


def _all(base: type[Exception]) -> list[type[Exception]]:
    found = []
    for child in base.__subclasses__():
        found += [child, *_all(child)]
    return found


def test_a_duplicate_is_a_refusal_that_is_handled_first() -> None:
    """A duplicate order is a refusal with a meaning of its own, and carries what the broker said."""
    error = errors.DuplicateOrder("client_order_id must be unique", status=422, code=40010001)
    assert isinstance(error, errors.Rejected)
    assert (error.reason, error.status, error.code) == ("client_order_id must be unique", 422, 40010001)
    assert str(error) == error.reason
