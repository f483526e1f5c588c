# SPDX-License-Identifier: GPL-2.0-only
"""A SETUP as libpri wants to be asked for it: channel, bearer capability, numbers and texts."""

from collections.abc import Iterator
from contextlib import contextmanager

from appliance.signalling.pri import numbers
from appliance.signalling.pri._pri import ffi, lib
from appliance.signalling.pri.settings import OVERLAP, Profile, Setup

RESTRICTED, NETWORK_PROVIDED = 0x20, 0x03


@contextmanager
def requested(setup: Setup, channel: int, profile: Profile) -> Iterator["ffi.CData"]:
    """The request, while the block lasts; `channel` as libpri numbers it. Raises MemoryError."""
    request = lib.pri_sr_new()
    if request == ffi.NULL:
        raise MemoryError("libpri: no memory for a SETUP")
    lib.pri_sr_set_channel(request, channel, int(setup.exclusive), 0)
    law = lib.PRI_LAYER_1_ULAW if setup.mu_law else lib.PRI_LAYER_1_ALAW
    lib.pri_sr_set_bearer(request, numbers.BEARER_CODES[setup.bearer], law if setup.bearer.is_sound else -1)
    kept = _set_parties(request, setup, profile)  # libpri reads it until the SETUP is out
    try:
        yield request
    finally:
        del kept
        lib.pri_sr_free(request)


def _set_parties(request: "ffi.CData", setup: Setup, profile: Profile) -> list["ffi.CData"]:
    kept = []

    def chars(text: str | None) -> "ffi.CData":
        kept.append(ffi.NULL if text is None else ffi.new("char[]", text.encode()))
        return kept[-1]

    complete = int(setup.complete and profile in OVERLAP)
    lib.pri_sr_set_called(request, chars(setup.dnis), numbers.octet_of(setup.dnis_kind), complete)
    if setup.clid is not None:
        presentation = (0 if setup.presented else RESTRICTED) | (NETWORK_PROVIDED if setup.verified else 0)
        kind = numbers.octet_of(setup.clid_kind)
        lib.pri_sr_set_caller(request, chars(setup.clid), chars(setup.name), kind, presentation)
    if setup.redirecting is not None and setup.redirecting.number is not None:
        kind, reason = numbers.octet_of(setup.redirecting.kind), numbers.REASON_CODES[setup.redirecting.reason]
        lib.pri_sr_set_redirecting(request, chars(setup.redirecting.number), kind, 0, reason)
    lib.pri_sr_set_useruser(request, chars(setup.user_to_user))
    return kept
