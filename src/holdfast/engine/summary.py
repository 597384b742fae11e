"""Summing up a reconcile: from the engine's report to the findings that are told to people and machines."""

from holdfast.domain.state import Status
from holdfast.engine.findings import Findings, Occasion, Standing
from holdfast.engine.lookups import LookUpSchedule
from holdfast.engine.outside import Outside
from holdfast.engine.ports import Assumptions
from holdfast.engine.reconciler import Ready, Report

# Neither is news at a reconcile: one trades, of the other a person has said that it shall not.
_UNREMARKABLE = (Status.ACTIVE, Status.RETIRED)


def findings_of(report: Report, occasion: Occasion, outside: Outside) -> Findings:
    """Return what a report that is complete just now has to tell."""
    now, assumptions = outside.clock.monotonic(), outside.broker.assumptions
    return Findings(
        occasion,
        report.taken_at,
        report.summary,
        report.calls,
        report.seconds,
        corrections=tuple(report.corrections),
        standings=tuple(
            Standing(symbol, ready.state.status, ready.state.status_reason or "", wait_s(ready, now, assumptions))
            for symbol, ready in sorted(report.ready.items())
            if ready.state.status not in _UNREMARKABLE
        ),
        failed=tuple(sorted(report.failed.items())),
        unmanaged=report.unmanaged,
    )


def wait_s(ready: Ready, now: float, assumptions: Assumptions) -> float | None:
    """Return for how many seconds from `now` a symbol waits for the broker's word at the most; None if it does not.

    An order without an answer is waited for from `now` on, as a start does.
    """
    if ready.state.status is not Status.IN_DOUBT:
        return None
    holds = [hold for hold in (ready.holds.position, ready.holds.wire) if hold]
    ends = [hold.since + hold.seconds - now for hold in holds]
    return max(0.0, LookUpSchedule(assumptions, started=now).seconds_left(ready.state, now), *ends)
