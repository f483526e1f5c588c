# SPDX-License-Identifier: GPL-2.0-only
"""Peripherals and translation routes: what their file is refused for, and what the message server lets them say."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError, load
from appliance.headquarters import server
from tests.headquarters.foreign import site_in
from tests.headquarters.test_translation import ROUTES

pytestmark = pytest.mark.unit


def test_each_may_say_and_hear_of_itself_only_what_it_may(tmp_path: Path) -> None:
    site = site_in(tmp_path, ROUTES)
    site.state.mkdir(parents=True)
    text = Path(server.prepare(site.config, site.state)[-1]).read_text()
    pbx, ivr = (next(line for line in text.splitlines() if f'user: "{box}"' in line) for box in ("PX-0001", "PX-0002"))
    assert '"peripheral.PX-0001.agents"' in pbx
    assert "PX-0002" not in pbx
    assert "peripheral.PX-0002.agents" not in ivr
    assert 'subscribe: ["_INBOX.PX-0002.>", "route.assign.PX-0002", "route.interrupt.PX-0002"]' in ivr
    assert server.door(site.state).token == site.config.server.secret.read_text().strip()


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("box: PX-0002, name: Sh", "box: PX-0001, name: Sh", "peripheral 'PX-0001' is there twice"),
        ("box: PX-0002, name: Sh", "box: HQ-0001, name: Sh", "HQ-0001 is headquarters itself"),
        ("to: PX-0001", "to: PX-0002", "PX-0002 would call itself"),
        ("to: PX-0001", "to: PX-0003", "no agent is at PX-0003"),
        ("from: [PX-0002]", "from: [PX-0009]", "PX-0009 is neither a peripheral nor a branch with agents"),
        ("[87650001, 87650002]", "[87650001, 87650001]", "number 'PX-0001/87650001' is there twice"),
        ("kind: ivr", "kind: fax", "kind"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    site_in(tmp_path, ROUTES)
    path = tmp_path / "headquarters.yaml"
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("secret", ["short", 'sixteen"and-more-of-it', "two words of a secret"])
def test_a_secret_that_cannot_be_a_password_is_told(tmp_path: Path, secret: str) -> None:
    site_in(tmp_path)
    (tmp_path / "secrets" / "px-0001").write_text(secret)
    with pytest.raises(ConfigurationError, match="must hold 16 or more letters"):
        load(tmp_path / "headquarters.yaml")
