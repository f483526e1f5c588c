# SPDX-License-Identifier: GPL-2.0-only
"""Who may do what: by the Unix groups of the user, `branchline-viewer`, `-technician`, `-administrator`.

Root and the user that the box runs as administer. BRANCHLINE_ROLE can make it less, for them and for anybody.
"""

import grp
import os
import pwd
from pathlib import Path

from appliance.cli.grammar.syntax import Role

GROUP = "branchline-{}"
NOBODY = (
    "{user} is in none of the groups {groups}: an administrator of this box has to add the account",
    "用户{user}不属于{groups}中任何一组：请管理员将其加入",
)


def of_user(uid: int) -> Role | None:
    """By the groups alone; the highest. None: in none of them."""
    if uid == 0:
        return Role.ADMINISTRATOR
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return None
    groups = {_name(gid) for gid in os.getgrouplist(user.pw_name, user.pw_gid)}
    return next((role for role in reversed(Role) if GROUP.format(role) in groups), None)


def of_peer(uid: int) -> Role | None:
    """Of who knocks at the door: the box's own user administers too."""
    return Role.ADMINISTRATOR if uid == os.getuid() else of_user(uid)


def here(state: Path, file: Path) -> Role | None:
    """Of who runs this process at this box."""
    uid = os.getuid()
    mine = uid == _owner(state, _owner(file, uid))
    role = Role.ADMINISTRATOR if mine else of_user(uid)
    asked = os.environ.get("BRANCHLINE_ROLE", role)
    if role is None or asked not in tuple(Role):
        return role and Role.VIEWER
    return min(role, Role(asked), key=tuple(Role).index)


def nobody(uid: int, *, chinese: bool) -> str:
    """Why somebody may do nothing here."""
    groups = ", ".join(GROUP.format(role) for role in Role)
    return NOBODY[chinese].format(user=user_name(uid), groups=groups)


def user_name(uid: int) -> str:
    """For people."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""


def _owner(path: Path, otherwise: int) -> int:
    try:
        return path.stat().st_uid
    except OSError:
        return otherwise
