# SPDX-License-Identifier: GPL-2.0-only
"""Keys of SRTP in descriptions (SDES): what we offer, what we take of an offer, what an answer makes of ours.

dsp.sdes reads and writes a line; here is said whose. A line with several keys or with an MKI is passed over, because a
port of the engine has one key each way. So is one with a session parameter that changes the packets (§6.3). A lifetime
binds who sends under the key: the peer has to bring a new one in time, ours lasts as long as the suite's.
No line is ever put into a sentence. Spec: RFC 4568.
"""

import contextlib
from collections.abc import Iterable, Sequence

import msgspec

from dsp.sdes import Crypto, parse
from dsp.srtp import MasterKey, Suite

OFFERED = (Suite.AES_CM_128_HMAC_SHA1_80, Suite.AEAD_AES_128_GCM, Suite.AES_CM_128_HMAC_SHA1_32)
"""The best known first: every phone with SRTP has it, and some read no further."""


class Keys(msgspec.Struct, frozen=True):
    """Of one stream, of one suite."""

    send: MasterKey
    receive: MasterKey


def offered(before: Keys | None) -> tuple[Crypto, ...]:
    """Our lines, of fresh keys; where a stream has keys already, that which we send under (§7.1.4: it goes on)."""
    keys = [MasterKey.new(suite) for suite in OFFERED] if before is None else [before.send]
    return tuple(Crypto(tag, (key,)) for tag, key in enumerate(keys, 1))


def taken(lines: Iterable[str]) -> Crypto | None:
    """The first line that we can do, of what stands behind a=crypto: (§5.1.2)."""
    for line in lines:
        with contextlib.suppress(ValueError):  # declined or damaged: the next may do
            crypto = parse(line)
            if len(crypto.keys) == 1 and not crypto.keys[0].mki:
                return crypto
    return None


def answer(theirs: Crypto, before: Keys | None) -> Keys:
    """Our key to their line: fresh, but where they stay with theirs.

    A key of theirs that is new may be of another phone behind the same dialog, which cannot know our rollover counter;
    under a fresh key that begins at 0 (§7.1.4).
    """
    (receive,) = theirs.keys
    if before is not None and before.receive == receive:
        return before
    return Keys(MasterKey.new(receive.suite), receive)


def agreed(ours: Sequence[Crypto], theirs: Crypto) -> Keys | None:
    """What the line of an answer makes of our offer; None: tag and suite are not of a line of ours (§5.1.3)."""
    (receive,) = theirs.keys
    for crypto in ours:
        (send,) = crypto.keys
        if crypto.tag == theirs.tag and send.suite is receive.suite:
            return Keys(send, receive)
    return None
