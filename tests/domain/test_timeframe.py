"""Bar periods: names in config, codes in order ids."""

from datetime import timedelta

from holdfast.domain.timeframe import TIMEFRAMES


def test_every_name_has_a_code_and_a_length_of_its_own() -> None:
    """No two timeframes can be mistaken for one another in an order id."""
    frames = TIMEFRAMES.values()
    assert len({frame.code for frame in frames}) == len({frame.length for frame in frames}) == len(TIMEFRAMES)
    assert all(name == frame.name for name, frame in TIMEFRAMES.items())


def test_lengths_are_what_the_names_say() -> None:
    """A minute lasts a minute, a day a day."""
    lengths = {name: frame.length for name, frame in TIMEFRAMES.items()}
    assert lengths["1Min"] == timedelta(minutes=1)
    assert lengths["15Min"] == timedelta(minutes=15)
    assert lengths["1Hour"] == timedelta(hours=1)
    assert lengths["1Day"] == timedelta(days=1)


def test_codes_fit_into_the_longest_id() -> None:
    """The longest id is computed with a code of three characters."""
    assert max(len(frame.code) for frame in TIMEFRAMES.values()) == 3
