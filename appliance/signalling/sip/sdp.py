# SPDX-License-Identifier: GPL-2.0-only
"""Our session description: the engine's address and port, A-law at 20 ms, and nothing that the engine does not serve.

pjsua writes a description of its own sockets; `at_engine` keeps its origin, version, direction and refused media and
puts the engine into the first audio section. Spec: RFC 8866, RFC 3264 (refused sections stay, with port 0).
"""

_OURS = ("a=rtpmap:8 PCMA/8000", "a=ptime:20")
_DIRECTIONS = {"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"}


def at_engine(description: str, address: str, port: int) -> str:
    """The description with `address` and `port` of the engine in place of pjsua's own."""
    head, *media = _sections(description.splitlines())
    engine = next((n for n, lines in enumerate(media) if lines[0].startswith("m=audio ") and not _refused(lines)), None)
    session = [line for line in head if not line.startswith(("c=", "b="))]
    lines = [*session[: _before_time(session)], f"c=IN IP4 {address}", *session[_before_time(session) :]]
    for number, section in enumerate(media):
        lines += _audio(section, port) if number == engine else [section[0]]
    return "\r\n".join(lines) + "\r\n"


def _sections(lines: list[str]) -> list[list[str]]:
    """The session's lines, then those of each m= section."""
    parts: list[list[str]] = [[]]
    for line in filter(None, lines):
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def _refused(section: list[str]) -> bool:
    return section[0].split()[1] == "0"


def _before_time(session: list[str]) -> int:
    """Where c= belongs: before t= (RFC 8866 §5)."""
    return next((n for n, line in enumerate(session) if line.startswith("t=")), len(session))


def _audio(section: list[str], port: int) -> list[str]:
    direction = [line for line in section if line in _DIRECTIONS]
    return [f"m=audio {port} RTP/AVP 8", *_OURS, *direction]
