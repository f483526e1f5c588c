# SPDX-License-Identifier: GPL-2.0-only
"""Secrets that come with a configuration: on the disk before a version names them, and gone back with it."""

import asyncio
import stat
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import cast

import msgspec
import pytest

from appliance.config import Branch, load, read_secret
from appliance.config.history import History, fingerprint
from appliance.config.pushed import names_in
from appliance.uplink.enrolling.credentials import Credentials
from appliance.uplink.link import Link
from appliance.uplink.pushes import Pushes
from appliance.uplink.wrapping import WrappingError, verified, wrapped
from appliance.wire.envelope import Sealer, encode
from appliance.wire.fleet import PushConfiguration, Step, Wrapped
from appliance.wire.ids import Identity
from tests.headquarters.site import ROOT, Site

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]
HQ = Sealer(Identity.take("HQ-0001", "fleet"))
NEW = "secrets/8001.pushed-0123456789abcdef"
NEWER = "secrets/8001.pushed-fedcba9876543210"
VALUE = "what nobody else may know"


class NoLink:
    """Nobody is there; what headquarters says unasked is told by hand."""

    def __init__(self) -> None:
        self.up = False
        self.answers: dict[str, Callable[[bytes], Awaitable[bytes]]] = {}


def _tell(link: NoLink, order: PushConfiguration) -> None:
    async def tell() -> None:
        await link.answers["config.BR-0001"](encode(HQ.seal(order)))

    asyncio.run(tell())


class Box:
    """With a key of its own."""

    def __init__(self, folder: Path) -> None:
        Site(folder)
        self.file = folder / "branch.yaml"
        self.history = History(self.file)
        self.credentials = Credentials(folder / "credentials")
        self.start()

    def start(self) -> None:
        """The uplink's process, again."""
        branch = load(self.file)
        assert isinstance(branch, Branch)
        self._link = NoLink()
        self.pushes = Pushes(self.file, branch, cast("Link", self._link), HQ, self.credentials)
        self.pushes._tidy()

    def order(self, number: int, name: str, secrets: Mapping[str, str] | None = None) -> PushConfiguration:
        """The phone has another secret."""
        before = self.file.read_text()
        (was,) = [word for word in before.split() if word.startswith("secrets/8001")]
        push = f"HQ-0001.{number}.{1000 + number}"
        return PushConfiguration(
            push=push,
            author="li",
            comment="",
            base=fingerprint(before),
            text=before.replace(was.rstrip("}]"), name),
            secrets=self.wrapped(push, secrets) if secrets else None,
        )

    def wrapped(self, push: str, secrets: Mapping[str, str]) -> Wrapped:
        offer = self.pushes.report().wrapping
        assert offer is not None
        verified(offer, self.credentials.key().public_key(), "BR-0001")
        return wrapped(secrets, offer, "BR-0001", push)

    def give(self, order: PushConfiguration) -> None:
        _tell(self._link, order)

    def secret(self) -> str:
        """What Kamailio would read."""
        branch = load(self.file)
        assert isinstance(branch, Branch)
        return read_secret(branch.extensions[0].secret)

    def files(self) -> list[str]:
        folder = self.file.parent
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.pushed-*"))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_secret_arrives_as_a_file_of_its_owner_s_alone_and_is_the_version_s(box: Box) -> None:
    box.give(box.order(1, NEW, {NEW: VALUE}))
    assert box.pushes.report().step is Step.KEPT
    assert box.secret() == VALUE
    assert stat.S_IMODE((box.file.parent / NEW).stat().st_mode) == 0o600
    assert [names_in(box.history.text(one.number)) for one in box.history.versions()] == [{NEW}, frozenset()]


def test_a_trial_that_goes_back_has_the_secret_from_before(box: Box) -> None:
    box.give(box.order(1, NEW, {NEW: VALUE}))
    box.history.confirm()
    box.give(box.order(2, NEWER, {NEWER: "another"}))
    assert box.secret() == "another"
    box.history.back()
    assert box.secret() == VALUE
    box.history.commit(box.history.text(1), "li")
    assert box.secret() == "of a phone that nobody has", "a file that the box had by itself is never touched"


def test_a_secret_that_headquarters_did_not_send_is_refused_with_its_name_and_nothing_changes(box: Box) -> None:
    before = box.file.read_text()
    box.give(box.order(1, NEW))
    told = box.pushes.report()
    assert told.step is Step.REFUSED
    assert told.sentence == f"headquarters did not send {NEW}, and the box has no such file; push once more"
    assert (box.file.read_text(), box.files(), box.history.versions()) == (before, [], [])


def test_what_a_version_before_was_given_need_not_be_sent_again(box: Box) -> None:
    box.give(box.order(1, NEW, {NEW: VALUE}))
    box.history.confirm()
    box.give(box.order(2, NEWER, {NEWER: "another"}))
    box.history.confirm()
    box.give(box.order(3, NEW))
    assert (box.pushes.report().step, box.secret()) == (Step.KEPT, VALUE)


def test_a_mistake_beside_it_leaves_no_secret_behind(box: Box) -> None:
    order = box.order(1, NEW, {NEW: VALUE})
    box.give(msgspec.structs.replace(order, text=order.text.replace("timeout_ms", "timeout")))
    assert box.pushes.report().step is Step.REFUSED
    assert box.files() == []


@pytest.mark.parametrize("value", ["", "two\nlines", "x" * 5000])
def test_what_is_no_secret_is_refused(box: Box, value: str) -> None:
    box.give(box.order(1, NEW, {NEW: value}))
    told = box.pushes.report()
    assert told.step is Step.REFUSED
    assert told.sentence.endswith("must hold one line")
    assert box.files() == []


@pytest.mark.parametrize(
    "name",
    [
        "secrets/../branch.yaml",
        "/etc/cron.d/x.pushed-0123456789abcdef",
        "secrets/../../x.pushed-0123456789abcdef",
        "credentials/key.pem.pushed-0123456789abcdef",
        "secrets/8001",
    ],
)
def test_headquarters_files_have_one_place_and_no_other(box: Box, name: str) -> None:
    box.give(box.order(1, NEW, {NEW: VALUE, name: VALUE}))
    told = box.pushes.report()
    assert (told.step, told.sentence) == (
        Step.REFUSED,
        f"{name!r} was sent, which is no name of a secret from headquarters",
    )
    assert box.secret() == "of a phone that nobody has"


def test_what_is_for_another_push_or_damaged_is_refused(box: Box) -> None:
    order = box.order(1, NEW, {NEW: VALUE})
    assert order.secrets is not None
    other = box.wrapped("HQ-0001.2.1002", {NEW: VALUE})
    flipped = msgspec.structs.replace(order.secrets, octets=order.secrets.octets[:-1] + b"?")
    for number, secrets in enumerate((other, flipped), 3):
        box.give(msgspec.structs.replace(order, push=f"HQ-0001.{number}.{number}000", secrets=secrets))
        told = box.pushes.report()
        assert told.step is Step.REFUSED
        assert told.sentence == "what was sent of secrets is not for this box and this push, or damaged"
    assert box.files() == []


def test_what_is_for_a_life_before_is_neither_taken_nor_refused(box: Box) -> None:
    order = box.order(1, NEW, {NEW: VALUE})
    box.start()
    box.give(order)
    assert box.pushes.report().step is None
    box.give(box.order(1, NEW, {NEW: VALUE}))
    assert box.pushes.report().step is Step.KEPT


def test_a_key_that_the_box_has_not_signed_gets_nothing(box: Box, tmp_path: Path) -> None:
    offer = box.pushes.report().wrapping
    assert offer is not None
    stranger = Credentials(tmp_path / "stranger")
    with pytest.raises(WrappingError, match="BR-0001's key for secrets is not signed by the key of the certificate"):
        verified(offer, stranger.key().public_key(), "BR-0001")
    with pytest.raises(WrappingError):
        verified(offer, box.credentials.key().public_key(), "BR-0002")


def test_what_no_version_names_goes_and_what_one_names_stays(box: Box) -> None:
    box.give(box.order(1, NEW, {NEW: VALUE}))
    box.history.confirm()
    before = box.history.text(1)
    for number in range(50):
        box.history.commit(before.replace("timeout_ms: 500", f"timeout_ms: {500 + number}"), "li")
        box.start()
        assert box.files() == ([NEW] if any(one.push for one in box.history.versions()) else [])
    assert box.files() == []
    assert (box.file.parent / "secrets" / "8001").exists()


def test_a_death_between_the_file_and_its_version_costs_nothing(box: Box) -> None:
    before, order = box.file.read_text(), box.order(1, NEW, {NEW: VALUE})
    dies = """
        import os, signal, sys
        from pathlib import Path
        from appliance.uplink.secret_files import SecretFiles
        file, text, name, secret = Path(sys.argv[1]), *sys.argv[2:]
        with SecretFiles(file).kept(text, {name: secret}):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(dies), str(box.file), order.text, NEW, VALUE], cwd=ROOT, check=False
    )
    assert died.returncode == -9
    half = box.file.parent / "secrets" / ".8001.pushed-0123456789abcdef.new"
    half.write_text("half of it")
    assert len(box.files()) == 2
    assert box.file.read_text() == before
    box.start()
    assert box.files() == [], "nothing lies about that nobody names"
    box.give(box.order(1, NEW, {NEW: VALUE}))
    assert (box.pushes.report().step, box.secret()) == (Step.KEPT, VALUE)


def test_a_box_without_a_certificate_takes_none(box: Box) -> None:
    order = box.order(1, NEW, {NEW: VALUE})
    branch = load(box.file)
    assert isinstance(branch, Branch)
    link = NoLink()
    pushes = Pushes(box.file, branch, cast("Link", link), HQ)
    assert pushes.report().wrapping is None
    _tell(link, order)
    told = pushes.report()
    assert told.step is Step.REFUSED
    assert "the box has no certificate" in told.sentence
