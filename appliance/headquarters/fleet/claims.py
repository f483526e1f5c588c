# SPDX-License-Identifier: GPL-2.0-only
"""Claim codes: drawn, not chosen, so a fast hash is enough.

A code has 100 random bits. Who has the hash alone would have to try 2^99 of them; a slow hash would only give the
door's askers a way to keep it busy. The serial number is hashed with it: a code is good for one box.
"""

import hashlib
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U, which are misread."""
LENGTH, GROUP = 20, 5
_MISREAD = str.maketrans("ILO", "110")


def draw() -> str:
    """Such as 7Q2MX-0ZK4D-9F3TB-HW6NA."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(text[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def hashed(serial: str, code: str) -> bytes:
    """What is kept of it. As it is typed: small letters, spaces and what is easily misread are put right."""
    plain = "".join(code.upper().translate(_MISREAD).replace("-", " ").split())
    return hashlib.sha256(f"branchline claim\0{serial}\0{plain}".encode()).digest()


def same(kept: bytes, offered: bytes) -> bool:
    """Takes as long whether or not."""
    return secrets.compare_digest(kept, offered)
