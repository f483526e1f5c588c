# SPDX-License-Identifier: GPL-2.0-only
"""Secrets that headquarters keeps for boxes: `BR-0001/8001`, `small/8001` or `all/8001` in the folder, of mode 0600.

A template says `secrets/8001`; the box's own counts, else its group's, else everybody's. What leaves here in texts,
differences, the audit and the log is a digest, keyed by `.salt` in the same folder: without that nobody can try
passwords against it. The secret itself leaves in an order (`wrapping.py`) or through the enrolment door alone.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.config.errors import ConfigurationError, Mistake
from appliance.config.fleet import ALL, Fleet
from appliance.config.pushed import FOLDER, is_pushed, may_be_pushed, names_in, plain, pushed
from appliance.config.secrets import read_secret, trouble
from appliance.uplink.enrolling.private import write_private
from appliance.uplink.wrapping import WrappingError, verified, wrapped
from appliance.wire.fleet import Wrapped, WrappingKey

SALT = ".salt"


class SecretsError(Exception):
    """A box cannot be given what its configuration names; the text is the sentence."""


class Kept:
    """As the files are now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._salt = b""

    def named(self, name: str, box: str, group: str) -> str | None:
        """What the box is to call the secret that its template calls `name`; None: none is kept.

        Raises ConfigurationError where the file cannot be used.
        """
        for whose in filter(None, (box, group, ALL)):
            path = self._path(whose, name)
            if path.exists():
                if wrong := trouble(path):
                    raise ConfigurationError([Mistake(path, 0, 0, wrong)])
                return pushed(name, self._digest(whose, name, read_secret(path)))
        return None

    def values(self, names: Iterable[str], box: str, groups: Iterable[str]) -> dict[str, str]:
        """Of these names of a box those that are still kept, with what is in them. Raises OSError."""
        return {name: value for name in names for value in self._value(name, (box, *groups, ALL))}

    def places(self, name: str, box: str, group: str) -> str:
        """Where it might be kept, for people."""
        return " or ".join(str(self._path(whose, name)) for whose in filter(None, (box, group, ALL)))

    def _value(self, name: str, whose: Iterable[str]) -> Iterator[str]:
        for one in whose:
            path = self._path(one, plain(name))
            if path.exists() and trouble(path) is None:
                value = read_secret(path)
                if pushed(plain(name), self._digest(one, plain(name), value)) == name:
                    yield value

    def _path(self, whose: str, name: str) -> Path:
        return self.folder / whose / name.removeprefix(f"{FOLDER}/")

    def _digest(self, whose: str, name: str, value: str) -> str:
        told = f"{whose}\0{name}\0{value}".encode()
        return hmac.new(self._key(), told, hashlib.sha256).hexdigest()[:16]

    def _key(self) -> bytes:
        """Made by whoever needs it first, of the processes that do."""
        path = self.folder / SALT
        if not self._salt and not path.exists():
            new = self.folder / f"{SALT}.{os.getpid()}"
            write_private(new, secrets.token_bytes(32))
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(new)
            new.unlink()
        self._salt = self._salt or path.read_bytes()
        return self._salt


class OfBox:
    """How one box's secrets are called in its configuration; `kept` None: headquarters keeps none for anybody.

    `lacking`: what it was asked for and has not, by name, with the mistake that it is where the box has not got it.
    """

    def __init__(self, kept: Kept | None, box: str, group: str) -> None:
        self._kept, self._box, self._group = kept, box, group
        self.lacking: dict[str, Mistake] = {}

    @property
    def are_kept(self) -> bool:
        """Whether headquarters keeps any."""
        return self._kept is not None

    def named(self, name: str, file: Path, line: int, column: int) -> str:
        """As the box is to have it; a file of the box's own as it is. Raises ConfigurationError."""
        if is_pushed(name):
            sentence = f"{name} is what a box calls it; here it is {plain(name)}"
            raise ConfigurationError([Mistake(file, line, column, sentence)])
        if self._kept is None or not may_be_pushed(name):
            return name
        found = self._kept.named(name, self._box, self._group)
        if found is None:
            places = self._kept.places(name, self._box, self._group)
            sentence = f"box {self._box} has no {name}, and it is not kept here: it would be {places}"
            self.lacking[name] = Mistake(file, line, column, sentence)
        return found or name


def to_be_sent(
    setting: Fleet, box: str, push: str, text: str, offer: WrappingKey | None, certificate: bytes | None
) -> Wrapped | None:
    """What the text names and headquarters keeps, for that box alone; None where that is nothing.

    `certificate`: in PEM, as headquarters gave it. Raises SecretsError, OSError.
    """
    names = names_in(text)
    if not names or setting.secrets is None:
        return None
    values = Kept(setting.secrets).values(names, box, [group.name for group in setting.groups])
    if not values:
        return None
    if offer is None:
        raise SecretsError("it takes no secrets: its software is older, or it has no certificate")
    key = x509.load_pem_x509_certificate(certificate).public_key() if certificate else None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SecretsError(f"headquarters knows no certificate of {box} that its secrets could be for")
    try:
        verified(offer, key, box)
        return wrapped(values, offer, box, push)
    except WrappingError as error:
        raise SecretsError(str(error)) from error
