# SPDX-License-Identifier: GPL-2.0-only
"""A bundle from a web server: it comes whole, or a sentence says why not; by TLS from who is trusted."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.update import installer
from appliance.update.bundle import BundleError
from appliance.update.installer import FETCHED, RESERVE, fetched
from tests.update.server import Authority, Server, served

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]
MEBIBYTE = 1 << 20
OCTETS = bytes(range(256)) * (3 * MEBIBYTE // 256)


@pytest.fixture
def server() -> Iterator[Server]:
    with served(Server(OCTETS)) as running:
        yield running


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("bundles") / "headquarters")


@pytest.fixture
def secure(authority: Authority) -> Iterator[Server]:
    server = Server(OCTETS)
    server.with_tls(authority)
    with served(server) as running:
        yield running


def fetch(source: str, folder: Path, authority: Path | None = None) -> list[int | None]:
    """What was told of it, in percent. Raises BundleError."""
    told: list[int | None] = []
    file = asyncio.run(fetched(source, folder, lambda _, percent: told.append(percent), authority))
    assert file.read_bytes() == OCTETS
    return told


def refused(source: str, folder: Path, authority: Path | None = None) -> str:
    with pytest.raises(BundleError) as error:
        fetch(source, folder, authority)
    return str(error.value)


@pytest.mark.parametrize("path", ["whole", "moved"])
def test_a_bundle_comes_whole_and_how_far_it_is_is_told(server: Server, tmp_path: Path, path: str) -> None:
    (tmp_path / FETCHED).write_bytes(b"what a power cut has left of another")
    told = fetch(server.url(path), tmp_path)
    assert told[-1] == 100
    assert told == sorted(told, key=lambda percent: percent or 0)


def test_one_whose_length_nobody_tells_comes_too(server: Server, tmp_path: Path) -> None:
    assert set(fetch(server.url("unmeasured"), tmp_path)) == {None}


def test_a_connection_that_breaks_is_told_with_how_much_had_come(server: Server, tmp_path: Path) -> None:
    said = refused(server.url("broken"), tmp_path)
    assert said.startswith(f"{server.url('broken')} cannot be fetched: it broke off after ")
    assert f"after {MEBIBYTE:,} octets: " in said or f"after {len(OCTETS) // 2:,} octets: " in said


def test_one_that_is_not_there_is_told_by_its_server_s_own_words(server: Server, tmp_path: Path) -> None:
    said = refused(server.url("gone"), tmp_path)
    assert said == f"{server.url('gone')} cannot be fetched: its server answers 404 Not Found"
    assert not (tmp_path / FETCHED).exists()


@pytest.mark.parametrize("source", ["http://127.0.0.1:1/x", "http://[/x", "https://bundles.invalid/x"])
def test_a_server_that_is_not_there_and_an_address_that_is_none_are_told(tmp_path: Path, source: str) -> None:
    assert refused(source, tmp_path).startswith(f"{source} cannot be fetched: ")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A data disk on which a download may have two mebibytes."""
    folder = tmp_path / "data"
    folder.mkdir()
    options = f"size={RESERVE + 2 * MEBIBYTE}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("path", ["whole", "unmeasured"])
def test_a_bundle_for_which_there_is_no_room_is_refused_and_recordings_keep_theirs(
    server: Server, disk: Path, path: str
) -> None:
    said = refused(server.url(path), disk)
    assert said.startswith("too little space: the bundle has ")
    assert f"{disk} has room for 2,0" in said, "two mebibytes and no more"
    assert sum(file.stat().st_size for file in disk.iterdir()) <= 2 * MEBIBYTE
    installer.forget(disk)
    assert list(disk.iterdir()) == []
    server.octets = OCTETS[:MEBIBYTE]
    asyncio.run(fetched(server.url(path), disk, lambda *_: None))
    assert (disk / FETCHED).read_bytes() == server.octets


def test_headquarters_ca_is_trusted_and_a_stranger_s_is_not(
    secure: Server, authority: Authority, tmp_path: Path
) -> None:
    said = refused(secure.url("whole"), tmp_path)
    assert "cannot be fetched: " in said
    assert "certificate verify failed" in said
    stranger = Authority(tmp_path / "stranger")
    assert "certificate verify failed" in refused(secure.url("whole"), tmp_path, stranger.ca)
    fetch(secure.url("whole"), tmp_path, authority.ca)


def test_the_system_s_cas_are_trusted_beside_headquarters(
    secure: Server, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator's own is among them (update-ca-certificates); a list that a library brings is not asked."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    fetch(secure.url("whole"), tmp_path)
    stranger = Authority(tmp_path / "stranger")
    fetch(secure.url("whole"), tmp_path, stranger.ca)


def test_a_ca_of_headquarters_that_is_none_is_told(secure: Server, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("torn")
    assert f"{tmp_path / 'ca.pem'} is no CA's certificate: " in refused(
        secure.url("whole"), tmp_path, tmp_path / "ca.pem"
    )
