# SPDX-License-Identifier: GPL-2.0-only
"""What leaves a box for others to read, without what callers are, what they enter, and what opens doors.

Lines of our logs are read as what they are, and taken by key as when they were written. Of any other text the box's
own secrets go, what stands behind a word such as `password`, digest credentials, private keys, numbers of cards, and
all but the last two of seven digits or more.
"""

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from appliance.supervisor.logs import redact

GONE = "…"
WHOLE_WORD_BELOW = 8
"""A secret this short goes only where it stands by itself: `1234` is in many a number."""
OCTETS_LIMIT = 4096
NAMES = frozenset({"agent", "code", "extension", "span", "version"})
"""Keys whose digits are no caller's."""

_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-|www-)?auth(?:orization|enticate)\s*[:=]\s*|digest\s+(?=\w+=)|bearer\s+)[^\r\n]+"
)
_NAMES = r"(?:passw(?:or)?d|passphrase|secret|token|credential|api[_-]?key|\bha1b?|\bpin|nonce)"
_SECRET_KEY = re.compile(rf"(?i){_NAMES}$")
_NAMED = re.compile(rf"""(?ix) \b( [\w-]* {_NAMES} ["']? \s* [:=] \s* ) ( "[^"]*" | '[^']*' | [^\s,;}}\]]+ )""")
_URL = re.compile(r"(\w+://[^\s/:@]+:)[^\s/@]+(?=@)")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_LONG = re.compile(r"(?<![\d.])\d{5,}(\d\d)(?![\d.])")
_ALONE = re.compile(r"""(?<=["'])[0-9*#]{3,}(?=["'])|^\s*[0-9*#]{3,}\s*$""")


class Redactor:
    """`secrets`: texts of this box that nobody else may have."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        words = (re.escape(one) if len(one) >= WHOLE_WORD_BELOW else rf"(?<!\w){re.escape(one)}(?!\w)" for one in known)
        self._known = re.compile("|".join(words) or r"(?!)")

    def text(self, octets: bytes, *, callers: bool = True) -> str:
        """Many lines, some of them perhaps of our logs. `callers`: whether digits in it can be theirs."""
        whole = _KEY.sub(GONE, octets.decode("utf-8", "replace"))
        return "\n".join(map(self.line if callers else self._named, whole.split("\n")))

    def line(self, line: str) -> str:
        """One line."""
        if line.startswith("{"):
            try:
                event = msgspec.json.decode(line)
            except msgspec.DecodeError:
                return self._free(line)
            return msgspec.json.encode(self._value("", dict(redact(None, "", event)))).decode()
        return self._free(line)

    def _value(self, key: str, value: object) -> object:
        match value:
            case dict():
                return {str(inner): self._value(str(inner), entry) for inner, entry in value.items()}
            case list():
                return [self._value(key, entry) for entry in value]
            case str() if _SECRET_KEY.search(key):
                return GONE
            case str():
                return self._named(value) if key in NAMES else self._free(value)
            case int() if _is_card(str(value)) and not key.endswith(("_ns", "samples")):
                return GONE
        return value

    def _free(self, text: str) -> str:
        text = _CARD.sub(lambda found: GONE if _is_card(found[0]) else found[0], self._named(text))
        return _LONG.sub(rf"{GONE}\1", _ALONE.sub(GONE, text))

    def _named(self, text: str) -> str:
        text = self._known.sub(GONE, _KEY.sub(GONE, text))
        return _NAMED.sub(rf"\1{GONE}", _HEADER.sub(rf"\1{GONE}", _URL.sub(rf"\1{GONE}", text)))


def secrets_of(box: object) -> Iterator[str]:
    """What stands in the files that a configuration names and that their owner alone may read."""
    match box:
        case Path():
            yield from _of_file(box)
        case msgspec.Struct():
            for name in box.__struct_fields__:
                yield from secrets_of(getattr(box, name))
        case tuple() | list():
            for one in box:
                yield from secrets_of(one)
        case dict():
            for one in box.values():
                yield from secrets_of(one)


def _of_file(path: Path) -> Iterator[str]:
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077 and status.st_size <= OCTETS_LIMIT:
            yield from (line.strip() for line in path.read_text("utf-8", "replace").splitlines())
    except OSError:
        return


def _is_card(text: str) -> bool:
    """13 to 19 digits whose check digit is right (ISO/IEC 7812-1, Luhn)."""
    digits = [int(one) for one in text if one.isdecimal()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
