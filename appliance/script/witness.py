# SPDX-License-Identifier: GPL-2.0-only
"""What a walk has looked at, for people: every value by its name, and nothing of what is secret.

A secret is hidden by its name, and wherever its value stands in what another name gave (a value of one or two letters,
which stands everywhere, only where it is all that was given). Of an expression over a secret neither text nor why it
has no value is shown, only what came of it, since the path tells that anyhow.
"""

from collections.abc import Mapping

from appliance.script.expression import Expression, Value

HIDDEN = "***"
SHORT = 2


class Witness:
    """Writes into `values`."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._secrets: Mapping[str, Value] = {}

    def guard(self, secrets: Mapping[str, Value]) -> None:
        """From now on these are secret; where they were noted before, they are hidden."""
        self._secrets = secrets
        for name, said in self._values.items() if secrets else ():
            if self._tells(said):
                self._values[name] = HIDDEN

    def shown(self, said: str) -> str:
        """What may be said of it."""
        return HIDDEN if self._tells(said) else said

    def note(self, name: str, said: str) -> None:
        """A value that was looked at."""
        self._values[name] = HIDDEN if name in self._secrets else self.shown(said)

    def judge(self, node: str, asked: Expression, result: str, why: str = "") -> None:
        """What an expression gave at this node; `why` it gave nothing."""
        if self.is_secret(asked) or self._tells(asked.text):
            self._values[node] = f"{HIDDEN}: {result}"
        else:
            self.note(node, f"{asked.text}: {result}{why and f', {why}'}")

    def is_secret(self, asked: Expression) -> bool:
        """Whether it looks at a secret."""
        return not asked.names.isdisjoint(self._secrets)

    def _tells(self, said: str) -> bool:
        if not self._secrets:
            return False
        texts = (str(value) for value in self._secrets.values() if not isinstance(value, bool))
        return any(text == said if len(text) <= SHORT else text in said for text in texts if text)
