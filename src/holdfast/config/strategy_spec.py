"""Reads `strategy:`: a shipped one by name, a user's own by `use: "file.py:Class"`, each with its parameters."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.config.scalars import core_value, shown, text_of
from holdfast.config.tree import Faults, Mapping, Mark, Node, Scalar, child, join
from holdfast.strategies.base import Strategy
from holdfast.strategies.catalogue import CATALOGUE
from holdfast.strategies.did_you_mean import did_you_mean
from holdfast.strategies.parameters import build_strategy
from holdfast.strategies.spec import StrategyError, StrategyFault, StrategySpec, UserSource

UserBuilder = Callable[[StrategySpec], Strategy]
_SELECTORS = ("name", "use")


@dataclass(frozen=True, slots=True)
class StrategyReader:
    """Reads strategy nodes of one file. Without `build_user`, a user's class is looked for but not loaded."""

    folder: Path
    faults: Faults
    build_user: UserBuilder | None = None

    def read(self, node: Node, where: str) -> StrategySpec | None:
        """Return the spec of a node with its strategy built, or None with the reasons in `faults`."""
        try:
            return self._spec(node, where)
        except StrategyError as error:
            general = [fault.message for fault in error.faults if fault.parameter is None]
            if general:
                self.faults.add(node.mark, "; ".join(general), where)
            for fault in error.faults:
                mark, path = _place(node, fault, where)
                self.faults.add(mark, fault.message, path)
        return None

    def _spec(self, node: Node, where: str) -> StrategySpec | None:
        if isinstance(node, Scalar):
            return self._built(self._named(node, node, ()))
        selector = self._selector(node)
        parameters = self._parameters(node, where)
        value = child(node, selector)
        if parameters is None or value is None:
            return None
        if selector == "use":
            return self._built(self._users(value, parameters))
        return self._built(self._named(node, value, parameters))

    def _selector(self, node: Node) -> str:
        """Return which of `name` and `use` the mapping has."""
        present = [key for key in _SELECTORS if child(node, key) is not None]
        if len(present) != 1:
            raise StrategyError(
                StrategyFault(
                    "needs either a name, e.g. {name: sma_cross, fast: 10, slow: 30}, "
                    'or your own class, e.g. {use: "my_strategy.py:MyStrategy"}'
                )
            )
        return present[0]

    def _parameters(self, node: Node, where: str) -> tuple[tuple[str, object], ...] | None:
        """Return every other key with its value; None when one is not a value."""
        if not isinstance(node, Mapping):
            return None
        given = {key: entry.value for key, entry in node.entries.items() if key not in _SELECTORS}
        nested = [key for key, value in given.items() if not isinstance(value, Scalar)]
        for key in nested:
            self.faults.add(given[key].mark, "must be a single value", join(where, key))
        if nested:
            return None
        return tuple((key, core_value(value)) for key, value in given.items() if isinstance(value, Scalar))

    def _named(self, node: Node, value: Node, parameters: tuple[tuple[str, object], ...]) -> StrategySpec:
        """Return the spec of a shipped strategy."""
        key = "name" if value is not node else None
        name = _text(value, key)
        if name not in CATALOGUE:
            known = f"; shipped: {', '.join(CATALOGUE)}"
            own = ' (your own: {use: "my_strategy.py:MyStrategy"})'
            hint = did_you_mean(name, CATALOGUE) or known + own
            raise StrategyError(StrategyFault(f"unknown strategy {shown(name)}{hint}", key))
        return StrategySpec(name, parameters)

    def _users(self, value: Node, parameters: tuple[tuple[str, object], ...]) -> StrategySpec:
        """Return the spec of a user's strategy whose file is there."""
        text = _text(value, "use")
        file, colon, class_name = text.rpartition(":")
        if not colon or not file.endswith(".py") or not class_name.isidentifier() or not text.isprintable():
            raise StrategyError(
                StrategyFault(f"must be a file and a class, e.g. my_strategy.py:MyStrategy, not {shown(text)}", "use")
            )
        path = self.folder / file
        if not path.is_file():
            raise StrategyError(StrategyFault(f"there is no file {path}", "use"))
        return StrategySpec(text, parameters, UserSource(path, class_name))

    def _built(self, spec: StrategySpec) -> StrategySpec:
        """Return the spec with its strategy."""
        if spec.source is None:
            return replace(spec, strategy=build_strategy(CATALOGUE[spec.name], dict(spec.parameters)))
        return replace(spec, strategy=self.build_user(spec)) if self.build_user else spec


def _text(value: Node, key: str | None) -> str:
    try:
        return text_of(value)
    except ValueError as error:
        raise StrategyError(StrategyFault(str(error), key)) from None


def _place(node: Node, fault: StrategyFault, where: str) -> tuple[Mark, str]:
    """Return the mark and path of a parameter's value, of its key if that is wrong, or of the whole strategy."""
    if fault.parameter is None or not isinstance(node, Mapping) or fault.parameter not in node.entries:
        return node.mark, where
    entry = node.entries[fault.parameter]
    return entry.key_mark if fault.is_unknown else entry.value.mark, join(where, fault.parameter)
