# SPDX-License-Identifier: GPL-2.0-only
"""A site with a foreign PBX: its two agents share the queue of the branch's two."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import nats

from appliance.config import Headquarters, read_secret
from appliance.config.files import load_role
from appliance.headquarters.live import State
from appliance.simulator.peripheral import ForeignPeripheral
from appliance.uplink.connection import USER
from appliance.wire.peripherals import Truth
from tests.headquarters.site import Site, until

PBX, OTHER = "PX-0001", "PX-0002"
AGENTS = {"2001": Truth.AVAILABLE, "2002": Truth.AVAILABLE}
_PERIPHERALS = """
  - {{id: 2001, name: Chen Jie, box: PX-0001, extension: 2001}}
  - {{id: 2002, name: Liu Yang, box: PX-0001, extension: 2002}}
peripherals:
  - {{box: PX-0001, name: Guangzhou PBX, kind: pbx, secret: secrets/px-0001}}
  - {{box: PX-0002, name: Shenzhen IVR, kind: ivr, secret: secrets/px-0002, messages_s: 20}}
{more}"""


def site_in(folder: Path, more: str = "", scripts: dict[str, str] | None = None) -> Site:
    """`more` of headquarters.yaml; `scripts` by name."""
    site = Site(folder)
    for box in (PBX, OTHER):
        secret = folder / "secrets" / box.lower()
        secret.parent.mkdir(exist_ok=True)
        secret.write_text(f"secret-of-{box}-0123\n")
        secret.chmod(0o600)
    for name, text in (scripts or {}).items():
        (folder / "scripts" / f"{name}.yaml").write_text(text)
    path = folder / "headquarters.yaml"
    queues = "agents: [1001, 1002, 2001, 2002]}, {name: far, agents: [2001, 2002]"
    text = path.read_text().replace("agents: [1001, 1002]", queues)
    path.write_text(text.rstrip() + _PERIPHERALS.format(more=more))
    site.config = load_role(path, Headquarters)
    return site


def started(site: Site) -> None:
    """Message server and headquarters, as a site that has just been switched on."""
    site.start("nats-server", "headquarters")
    opened(site, 1)


def opened(site: Site, lives: int) -> None:
    """Headquarters listens in its so-manieth life."""
    until(lambda: site.log_of("headquarters").count("headquarters.intake.opened") >= lives, 10, "it listens")


def peripheral(site: Site, box: str = PBX, agents: dict[str, Truth] | None = None) -> ForeignPeripheral:
    """Not plugged in yet."""
    secret = site.folder / "secrets" / box.lower()
    return ForeignPeripheral(site.config.server.listen, box, read_secret(secret), AGENTS if agents is None else agents)


Look = Callable[[], Awaitable[State]]


@contextlib.asynccontextmanager
async def looking(site: Site) -> AsyncIterator[Look]:
    """Who asks what is so now."""
    server = site.config.server
    client = await nats.connect(f"nats://{server.listen}", user=USER, password=read_secret(server.secret))

    async def state() -> State:
        return msgspec.json.decode((await client.request("live.state", b"", timeout=2)).data, type=State)

    try:
        yield state
    finally:
        await client.close()


def free(state: State, queue: str = "card") -> int:
    """Of that queue."""
    return next(one.free for one in state.queues if one.name == queue)


def agent(state: State, name: str) -> str:
    """What they are."""
    return next(one.state for one in state.agents if one.agent == name)
