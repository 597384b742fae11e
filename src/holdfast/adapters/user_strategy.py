"""Loads a user's own strategy from a Python file. The file is code that the user trusts; it runs at load.

Nothing is written beside it (no bytecode), and a file that is edited is loaded anew.
"""

import hashlib
import inspect
import linecache
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

from holdfast.strategies.base import Strategy
from holdfast.strategies.did_you_mean import did_you_mean
from holdfast.strategies.parameters import build_strategy
from holdfast.strategies.spec import StrategyError, StrategyFault, StrategySpec, UserSource

_SIZE_MAX = 1024 * 1024
_WARMUP_MAX = 100_000


def load_user_strategy(spec: StrategySpec) -> Strategy:
    """Return a new object of the class that `spec.source` names, built with the spec's parameters.

    Raises:
        StrategyError: with the file and line, for a file, class, parameter or object that is not usable.
    """
    source = spec.source
    if source is None:
        raise ValueError(f"{spec.name} is shipped, not a user's own")
    factory = _class_in(_module(source.path), source)
    try:
        strategy = build_strategy(factory, dict(spec.parameters))
    except StrategyError:
        raise
    except (Exception, SystemExit) as error:
        raise _failure(f"{source.class_name} cannot be built", source.path, error) from error
    _check(strategy, source)
    return strategy


def _module(path: Path) -> ModuleType:
    """Return the file as a module; one module per content, so that an edit is never hidden by a cache."""
    try:
        code = path.read_bytes()[: _SIZE_MAX + 1]
    except OSError as error:
        raise _refusal(f"{path}: cannot be read: {error.strerror}", "use") from error
    if len(code) > _SIZE_MAX:
        raise _refusal(f"{path}: is larger than {_SIZE_MAX // 1024} KB", "use")
    digest = hashlib.sha256(b"\0".join((bytes(path), code))).hexdigest()
    name = f"holdfast_user_{digest[:16]}"
    if name not in sys.modules:
        _execute(name, path, code)
    return sys.modules[name]


def _execute(name: str, path: Path, code: bytes) -> None:
    """Run the file's code as the module `name`."""
    module = ModuleType(name)
    module.__file__ = str(path)
    linecache.checkcache(str(path))
    # A dataclass looks its own module up while it is being defined.
    sys.modules[name] = module
    try:
        exec(compile(code, str(path), "exec"), module.__dict__)  # noqa: S102 - the user's own code is the feature
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _failure("cannot be loaded", path, error) from error


def _class_in(module: ModuleType, source: UserSource) -> Callable[..., Strategy]:
    """Return the named class, which must have `signals` and `warmup`."""
    found = getattr(module, source.class_name, None)
    if not inspect.isclass(found):
        own = [name for name, each in vars(module).items() if inspect.isclass(each) and hasattr(each, "signals")]
        hint = did_you_mean(source.class_name, own) or (f"; it has {', '.join(own)}" if own else "")
        raise _refusal(f"{source.path}: there is no class {source.class_name}{hint}", "use")
    if not callable(getattr(found, "signals", None)):
        place = _place_of(found, source.path)
        raise _refusal(f"{place}: {source.class_name} needs a method signals(self, bars) that returns an array")
    return cast("Callable[..., Strategy]", found)


def _check(strategy: Strategy, source: UserSource) -> None:
    """Refuse an object whose `warmup` is not a number of bars."""
    place = _place_of(type(strategy), source.path)
    try:
        warmup: object = strategy.warmup
    except Exception as error:
        raise _failure(f"{source.class_name}.warmup", source.path, error) from error
    if isinstance(warmup, bool) or not isinstance(warmup, int) or not 0 <= warmup <= _WARMUP_MAX:
        raise _refusal(
            f"{place}: {source.class_name}.warmup must be a number of bars from 0 to {_WARMUP_MAX}, not {warmup!r:.60}"
        )


def _place_of(owner: type, path: Path) -> str:
    """Return the file and the line of a class."""
    try:
        return f"{path}:{inspect.getsourcelines(owner)[1]}"
    except (OSError, TypeError):
        return str(path)


def _failure(what: str, path: Path, error: BaseException) -> StrategyError:
    """Return the refusal for an exception of the user's code, with the line in their file."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, reason = error.lineno, error.msg
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line, reason = frames[-1].lineno if frames else None, str(error)
    place = f"{path}:{line}" if line else str(path)
    return _refusal(f"{place}: {what}: {type(error).__name__}: {reason:.300}")


def _refusal(message: str, parameter: str | None = None) -> StrategyError:
    return StrategyError(StrategyFault(message, parameter))
