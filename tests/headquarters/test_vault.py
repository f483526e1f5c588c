# SPDX-License-Identifier: GPL-2.0-only
"""A recording is kept whole and right, or not at all."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.headquarters.recordings.vault import Header, Vault, read_chunk
from appliance.wire.envelope import UnknownMessageError

pytestmark = pytest.mark.unit

SOUND = bytes(range(256)) * 40


def header(offset: int, sound: bytes = SOUND, recording: str = "0123456789abcdef") -> Header:
    return Header(recording, "BR-0001.x.1", offset, len(sound), hashlib.sha256(sound).hexdigest())


def test_chunks_in_order_make_the_file(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    assert vault.take(header(0), b"").have == 0
    assert vault.take(header(0), SOUND[:5000]).have == 5000
    assert vault.take(header(5000), SOUND[5000:]).have == len(SOUND)
    kept = vault.path_of("0123456789abcdef")
    assert kept is not None
    assert kept.read_bytes() == SOUND
    assert [path.name for path in tmp_path.iterdir()] == ["0123456789abcdef.wav"]


def test_an_interrupted_upload_goes_on_where_headquarters_says(tmp_path: Path) -> None:
    Vault(tmp_path).take(header(0), SOUND[:3000])
    vault = Vault(tmp_path)
    assert vault.take(header(0), SOUND[:3000]).have == 3000
    assert vault.take(header(3000), SOUND[3000:]).have == len(SOUND)


def test_a_repeated_whole_is_acknowledged_again(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.take(header(0), SOUND)
    assert vault.take(header(0), b"").have == len(SOUND)


def test_a_damaged_chunk_is_refused_and_nothing_of_it_kept(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    answer = vault.take(header(0), b"\xff" + SOUND[1:])
    assert answer.have == 0
    assert answer.error is not None
    assert "SHA-256" in answer.error
    assert list(tmp_path.iterdir()) == []
    assert vault.take(header(0), SOUND).have == len(SOUND)


def test_a_chunk_beyond_the_announced_end_is_refused(tmp_path: Path) -> None:
    answer = Vault(tmp_path).take(header(0), SOUND + b"more")
    assert (answer.have, answer.error is not None) == (0, True)


def test_another_sound_under_the_same_name_changes_nothing(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.take(header(0), SOUND)
    answer = vault.take(header(0, SOUND[::-1]), SOUND[::-1])
    assert (answer.have, answer.error is not None) == (0, True)
    kept = vault.path_of("0123456789abcdef")
    assert kept is not None
    assert kept.read_bytes() == SOUND


@pytest.mark.parametrize("name", ["../etc/passwd", "a/b", "..", ".hidden", "a.b", "", "a" * 129, "nul\0"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    payload = msgspec.json.encode(header(0, recording=name)) + b"\nsound"
    with pytest.raises(UnknownMessageError):
        read_chunk(payload)
    assert Vault(tmp_path).path_of(name) is None


@given(st.binary(max_size=300))
def test_octets_that_are_no_chunk_are_refused_as_such(payload: bytes) -> None:
    with pytest.raises(UnknownMessageError):
        read_chunk(payload)
