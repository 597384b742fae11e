"""How made-up prices move within a day: paths of log prices, and the candles along them. Arrays only, no symbols."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from holdfast.simulator.minute_bars import Columns

Floats = NDArray[np.float64]

# Shares of price: one minute's noise, the height of a swing.
_NOISE, _QUIET_NOISE = 0.0005, 0.0002
_SWING_MIN, _SWING_MAX = 0.005, 0.010
_SWING_PERIOD_MIN, _SWING_PERIOD_MAX = 50.0, 110.0


def generator_of(name: str) -> np.random.Generator:
    """Return the random numbers that belong to a name: the same on every machine."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest())))


def lively_path(generator: np.random.Generator, minutes: int, move: float) -> Floats:
    """Return the log price after each minute, relative to the start; it ends exactly at `move`.

    Two slow waves make trends that a moving average can follow and turns that an oscillator can catch.
    """
    clock = np.arange(1, minutes + 1)
    path = np.cumsum(generator.standard_normal(minutes)) * _NOISE
    for _ in range(2):
        period = generator.uniform(_SWING_PERIOD_MIN, _SWING_PERIOD_MAX)
        height = generator.uniform(_SWING_MIN, _SWING_MAX)
        phase = generator.uniform(0.0, 2.0 * np.pi)
        path += height * (np.sin(2.0 * np.pi * clock / period + phase) - np.sin(phase))
    return np.asarray(path + (move - path[-1]) * clock / minutes, dtype=np.float64)


def quiet_path(generator: np.random.Generator, minutes: int, move: float) -> Floats:
    """Return a path as `lively_path` does, without waves: the hours around a session."""
    clock = np.arange(1, minutes + 1)
    path = np.cumsum(generator.standard_normal(minutes)) * _QUIET_NOISE
    return np.asarray(path + (move - path[-1]) * clock / minutes, dtype=np.float64)


def candles(
    generator: np.random.Generator, path: Floats, steps_per_usd: int, busy: Floats | float, least: int
) -> Columns:
    """Return the columns of minutes from the USD prices between them.

    `busy` is the usual volume of each minute and `least` what is always traded, both in volume steps.
    """
    steps = np.maximum(np.rint(path * steps_per_usd), 1).astype(np.int64)
    opens, closes = steps[:-1], steps[1:]
    minutes = len(opens)
    half_usd = steps_per_usd / 2
    wicks = np.rint(np.abs(generator.standard_normal((2, minutes))) * _NOISE * half_usd * path[:-1]).astype(np.int64)
    highs = np.maximum(opens, closes) + wicks[0]
    lows = np.maximum(np.minimum(opens, closes) - wicks[1], 1)
    volumes = np.rint(busy * np.exp(0.4 * generator.standard_normal(minutes))).astype(np.int64) + least
    return np.stack((opens, highs, lows, closes, volumes))
