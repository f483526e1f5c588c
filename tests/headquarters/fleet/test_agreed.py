# SPDX-License-Identifier: GPL-2.0-only
"""Two lists of boxes by one stream, of which a server that is behind may be read."""

from pathlib import Path

import pytest

from appliance.headquarters.duplex.stream import Extent, NoQuorumError, OvertakenError, Stored
from appliance.headquarters.fleet import identities
from appliance.headquarters.fleet.identities import Identities

pytestmark = pytest.mark.unit


class Messages:
    """As the stream's leader has them; so many reads are answered by a server that has none of them."""

    def __init__(self) -> None:
        self.behind = 0
        self._all: list[Stored] = []

    def extent(self) -> Extent:
        return Extent("made", len(self._all), "HQ-A", ("HQ-B",))

    def read(self, after: int) -> list[Stored]:
        self.behind -= 1
        return [] if self.behind >= 0 else self._all[after:]

    def append_after(self, position: int, box: str, payload: bytes) -> int:
        if position != len(self._all):
            raise OvertakenError
        self._all.append(Stored(position + 1, box, payload))
        return position + 1


def test_what_the_other_has_agreed_is_known_though_the_server_that_is_read_is_behind(tmp_path: Path) -> None:
    messages = Messages()
    first, other = (Identities(tmp_path / name, agreed=messages) for name in "ab")
    box = first.claim("SN-1", b"code", "li").box
    messages.behind = 3
    other.follow()
    assert other.of_serial("SN-1") is None
    other.catch_up()
    claim = other.claim_of(box)
    assert claim is not None
    assert claim.hash == b"code"


def test_where_it_stays_behind_nobody_is_refused_for_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "AGAIN_S", 0.0)
    messages = Messages()
    first, other = (Identities(tmp_path / name, agreed=messages) for name in "ab")
    first.claim("SN-1", b"code", "li")
    messages.behind = 1000
    with pytest.raises(NoQuorumError, match="behind their leader"):
        other.catch_up()
