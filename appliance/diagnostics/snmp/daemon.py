# SPDX-License-Identifier: GPL-2.0-only
"""net-snmp's daemon as a child: what it is started with. Version 3 alone, with authentication and privacy, and no sets.

`prepare` writes its file (0600) at every start. What the daemon keeps, its engine's number and how often it was
started, by which managers know a replay, stays in STATE/snmp; the users it keeps go, so that the file's are in force.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from appliance.config import AnyBox, read_secret
from appliance.config.diagnostics import Snmp
from appliance.supervisor.spec import Command

PROGRAM = Path("/usr/sbin/snmpd")
KEPT = "snmpd.conf"
VIEWS = (".1.3.6.1.2.1.1", ".1.3.6.1.2.1.2", ".1.3.6.1.2.1.10.18", ".1.3.6.1.2.1.25", ".1.3.6.1.4.1.8072.9999.9999.1")
"""The system, its interfaces, spans, the machine (HOST-RESOURCES-MIB), and our own."""
_TEXT = """\
# Written at every start; changes belong into the box's configuration.
agentAddress udp:{listen}
master agentx
agentXSocket {socket}
agentXPerms 0600 0700
sysName {box}
sysDescr Branchline {role} {box}
createUser {user} SHA-256 "{authentication}" AES "{privacy}"
{views}
rouser -s usm {user} priv -V told
"""


def socket(state: Path) -> Path:
    """Where it is spoken to by AgentX."""
    return state / "run" / "agentx.sock"


def prepare(box: AnyBox, snmp: Snmp, state: Path) -> Command:
    """Files for the next start, and its command. Raises OSError."""
    home = state / "snmp"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket(state).unlink(missing_ok=True)
    _forget_users(home / KEPT)
    text = _TEXT.format(
        listen=snmp.listen,
        socket=socket(state),
        box=box.box,
        role=box.role,
        user=snmp.user,
        authentication=read_secret(snmp.authentication),
        privacy=read_secret(snmp.privacy),
        views="\n".join(f"view told included {subtree}" for subtree in VIEWS),
    )
    file = home / "box.conf"
    _write_private(file, text)
    environment = {"SNMP_PERSISTENT_DIR": str(home), "MIBS": "", "SNMPCONFPATH": str(home)}
    return Command((str(PROGRAM), "-f", "-Lo", "-C", "-c", str(file)), environment)


def serves(state: Path) -> Callable[[], Awaitable[bool]]:
    """Whether it listens to us, which it does once it listens to the network."""

    async def there() -> bool:
        return socket(state).is_socket()

    return there


def _forget_users(path: Path) -> None:
    if path.exists():
        lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
        _write_private(path, "".join(line for line in lines if not line.startswith(("usmUser", "createUser"))))


def _write_private(path: Path, text: str) -> None:
    """Complete or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
