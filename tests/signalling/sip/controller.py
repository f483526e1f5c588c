# SPDX-License-Identifier: GPL-2.0-only
"""A controller of a leg worker for tests: one thread reads, the test sends and waits."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from appliance.wire.envelope import Body, Envelope, Sealer, decode, encode
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Hello, LegSnapshot
from appliance.wire.service_messages import Accepted, Attach, Refused

B = TypeVar("B", bound=Body)


class Controller:
    """`with Controller(socket) as call_control:`; everything said is in `said`, oldest first."""

    def __init__(self, path: Path, role: str = "controller") -> None:
        self.said: list[Envelope] = []
        identity = Identity.take("BR-0001", "call")
        self.ids = IdSource(identity)
        self._sealer = Sealer(identity)
        self._changed = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        threading.Thread(target=self._read, daemon=True).start()
        self._write(Attach(role=role), None)
        self.hello = self.wait(Hello)
        self.snapshot = self.wait(LegSnapshot)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def command(self, body: Body, message_id: str | None = None) -> Accepted | Refused:
        """Send a command and return its answer."""
        sent = message_id or self.ids.command()
        before = len(self.said)
        self._write(body, sent)
        return self._wait(lambda e: e.cause == sent and isinstance(e.body, Accepted | Refused), 2.0, before).body  # type: ignore[return-value]

    def wait(
        self, kind: type[B], leg: str | None = None, timeout_s: float = 5.0, where: Callable[[B], bool] | None = None
    ) -> B:
        """The first message of a kind (about a leg) since the beginning, or the next one within `timeout_s`."""

        def fits(envelope: Envelope) -> bool:
            body = envelope.body
            about = getattr(body, "leg", None)
            named = leg is None or leg in {about, getattr(about, "leg", None)}
            return isinstance(body, kind) and named and (where is None or where(body))

        found = self._wait(fits, timeout_s, 0).body
        assert isinstance(found, kind)
        return found

    def all(self, kind: type[B], leg: str | None = None) -> list[B]:
        """Everything of a kind so far."""
        return [
            e.body for e in tuple(self.said) if isinstance(e.body, kind) and leg in {None, getattr(e.body, "leg", None)}
        ]

    def _wait(self, fits: Callable[[Envelope], bool], timeout_s: float, after: int) -> Envelope:
        until = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for envelope in self.said[after:]:
                    if fits(envelope):
                        return envelope
                if not self._changed.wait(until - time.monotonic()):
                    raise AssertionError(f"not in {timeout_s} s; said: {[e.body for e in self.said]}")

    def _write(self, body: Body, message_id: str | None) -> None:
        self._socket.sendall(encode(self._sealer.seal(body, message_id=message_id)) + b"\n")

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    with self._changed:
                        self.said.append(decode(line))
                        self._changed.notify_all()
        except (OSError, ValueError):  # the test closed it
            return
