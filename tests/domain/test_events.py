"""Events: every one has a transition, so that none can be forgotten."""

from builders import a_state
from holdfast.domain import events
from holdfast.domain.events import Event
from holdfast.domain.state import SymbolState


def test_every_event_changes_a_state_by_a_rule() -> None:
    """`apply` knows each kind of event; one without a transition would raise a KeyError."""
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)} - {Event}
    assert len(kinds) >= 12
    for kind in kinds:
        try:
            SymbolState.apply(a_state(), kind.__new__(kind))
        except KeyError:
            raise AssertionError(kind) from None
        except AttributeError:
            continue  # the transition ran, and missed the fields that this empty event does not have
