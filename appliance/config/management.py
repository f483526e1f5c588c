# SPDX-License-Identifier: GPL-2.0-only
"""Who may log in at a box over SSH, from where, and by which keys. Every role has the same keys; none is needed.

A user is a person: all with one role share the image's account of that role, the key says who it is.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from appliance.config.network import Network
from appliance.config.ports import Listener, listen
from appliance.config.public_key import PublicKey
from appliance.config.reader import Fault
from appliance.config.scalars import Endpoint, Prefix

Login = Annotated[str, Meta(pattern="[a-z][a-z0-9_.-]{0,31}")]
RoleName = Literal["viewer", "technician", "administrator"]
ACCOUNTS: Mapping[str, str] = {"viewer": "viewer", "technician": "technician", "administrator": "admin"}
"""The image's account of a role."""
ROOT = "root"
"""The system's own, for users who have it."""
OTHERS = (ROOT, "branchline", "headquarters", "unknown", "factory", *ACCOUNTS.values())
"""Authors of versions and log lines who are no person with a key."""
ANY = "0.0.0.0"  # noqa: S104  # every address of the box; who may come stands in `sources`


class Ssh(msgspec.Struct, frozen=True, kw_only=True):
    """`listen`: at which of the box's addresses, and the port; `sources`: from where, nobody else is answered."""

    listen: Endpoint = Endpoint(ANY, 22)
    sources: Annotated[tuple[Prefix, ...], Meta(min_length=1)]


class User(msgspec.Struct, frozen=True):
    """A person, by name: the author of what they change."""

    name: Login
    role: RoleName
    keys: Annotated[tuple[PublicKey, ...], Meta(min_length=1)]
    root: bool = False
    """Their keys open the account `root` too, whose `start shell` is the system's own."""


class Management(msgspec.Struct, frozen=True):
    """Without `ssh` nobody comes in over the network."""

    ssh: Ssh | None = None
    users: tuple[User, ...] = ()


NONE = Management()


def listeners(told: Management) -> Iterator[Listener]:
    """What sshd binds, which is none of the box's processes: for clashes with them alone."""
    if told.ssh is not None:
        yield from listen(told.ssh.listen, ("tcp",), "SSH", ("management", "ssh", "listen"))


def faults(told: Management) -> Iterator[Fault]:
    """Mistakes of meaning."""
    if told.ssh is not None and not told.users:
        sentence = "nobody has a key, so nobody could log in; add users with their keys, or leave ssh out"
        yield Fault(("management", "ssh"), sentence)
    names: set[str] = set()
    keys: dict[str, str] = {}
    for place, user in enumerate(told.users):
        if user.name in OTHERS:
            sentence = f"{user.name!r} is not a person's: the log has it for others; take the person's own name"
            yield Fault(("management", "users", place, "name"), sentence)
        if user.name in names:
            yield Fault(("management", "users", place, "name"), f"user {user.name!r} is there twice")
        names.add(user.name)
        if user.root and user.role != "administrator":
            sentence = f"{user.name} is a {user.role}; whoever may be root may do all, so the role is administrator"
            yield Fault(("management", "users", place, "root"), sentence)
        for number, key in enumerate(user.keys):
            if owner := keys.get(key.body):
                sentence = f"this key is {owner}'s already; a key tells one person from all others"
                yield Fault(("management", "users", place, "keys", number), sentence)
            keys.setdefault(key.body, user.name)


class Came(NamedTuple):
    """How somebody came in: who, in which role, by which key (its fingerprint), from where, to which address.

    `root`: to that account.
    """

    name: str
    role: str
    fingerprint: str
    source: str
    at: Endpoint
    root: bool = False


def shut_out(told: Management, came: Came) -> Iterator[str]:
    """Why they could not come so again, as sentences; nothing if they could."""
    ssh = told.ssh
    if ssh is None:
        yield "SSH is closed"
        return
    if ssh.listen.port != came.at.port or ssh.listen.address not in (ANY, came.at.address):
        yield f"SSH is at {ssh.listen}, no longer at {came.at}"
    if not any(came.source in prefix for prefix in ssh.sources):
        yield f"{came.source}, where you are, is not among the sources"
    yield from no_longer(told, came)


def moved(before: Network, after: Network) -> Iterator[str]:
    """Why nobody who comes over the network could be sure to come so again, as sentences."""
    if before.wan() != after.wan():
        ours = after.address or "DHCP's"
        yield f"the box's own address will be {ours}, with another way out"


def no_longer(told: Management, came: Came) -> Iterator[str]:
    """Why they are not, or no longer, who they were."""
    user = next((one for one in told.users if one.name == came.name), None)
    if user is None:
        yield f"there is no user {came.name}"
    elif came.fingerprint not in {key.fingerprint for key in user.keys}:
        yield f"the key of this session is none of {came.name}'s"
    elif user.role != came.role:
        yield f"{came.name} has the role {user.role}, no longer {came.role}"
    elif came.root and not user.root:
        yield f"{came.name} may not be root"
