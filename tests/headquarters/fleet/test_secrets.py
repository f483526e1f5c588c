# SPDX-License-Identifier: GPL-2.0-only
"""Secrets that headquarters keeps for boxes: whose counts, how they are called outside, what is refused."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError, Headquarters
from appliance.config.files import load_role
from appliance.config.pushed import names_in, plain
from appliance.headquarters.fleet.groups import Groups, Wanted, rendered
from appliance.headquarters.fleet.secrets import Kept, SecretsError, to_be_sent
from appliance.processes.enrolment import _first, _secrets
from appliance.uplink.enrolling.credentials import Credentials
from appliance.uplink.wrapping import Unwrapper
from tests.headquarters.fleet import network
from tests.headquarters.site import Site

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Site(tmp_path)
    network.write(tmp_path, range(1, 4))
    network.keep_secrets(tmp_path)
    return tmp_path


def _wanted(folder: Path) -> list[Wanted]:
    fleet = load_role(folder / "headquarters.yaml", Headquarters).fleet
    assert fleet is not None
    return rendered(Groups(folder / "headquarters.yaml", fleet).targeted("all"))


def _names(folder: Path) -> list[str]:
    return [name for one in _wanted(folder) for name in names_in(one.text)]


def _values(folder: Path, box: str) -> set[str]:
    names = next(names_in(one.text) for one in _wanted(folder) if one.box == box)
    return set(Kept(folder / "for-boxes").values(names, box, ["small"]).values())


def test_the_box_s_own_counts_else_its_group_s_else_everybody_s(folder: Path) -> None:
    network.keep(folder, "all/8001", "everybody's")
    network.keep(folder, "small/8001", "the group's")
    network.keep(folder, "BR-00002/8001", "its own")
    assert [_values(folder, f"BR-0000{n}") for n in (1, 2, 3)] == [{"the group's"}, {"its own"}, {"the group's"}]
    (folder / "for-boxes/small/8001").unlink()
    assert _values(folder, "BR-00001") == {"everybody's"}


def test_outside_a_secret_is_a_digest_that_changes_with_it_and_with_nothing_else(folder: Path) -> None:
    network.keep(folder, "small/8001", "one")
    first = _names(folder)
    assert {plain(name) for name in first} == {"secrets/8001"}
    assert len(set(first)) == 1, "boxes with one secret are told apart by nothing"
    assert _names(folder) == first
    network.keep(folder, "small/8001", "two")
    assert set(_names(folder)).isdisjoint(first)
    network.keep(folder, "small/8001", "one")
    assert _names(folder) == first
    (folder / "for-boxes/.salt").unlink()
    assert set(_names(folder)).isdisjoint(first), "without the salt nobody can try passwords against it"
    assert (folder / "for-boxes/.salt").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_others_can_read_is_refused_with_what_mends_it(folder: Path) -> None:
    network.keep(folder, "small/8001", "one").chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"small/8001 has mode 0644, others can read it; chmod 0600"):
        _wanted(folder)


def test_what_is_not_kept_is_told_with_its_places(folder: Path) -> None:
    (_, second, _) = _wanted(folder)
    (mistake,) = second.lacking.values()
    assert list(second.lacking) == ["secrets/8001"]
    assert "secrets/8001" in second.text
    kept = folder / "for-boxes"
    assert mistake.sentence == (
        "box BR-00002 has no secrets/8001, and it is not kept here: it would be "
        f"{kept}/BR-00002/8001 or {kept}/small/8001 or {kept}/all/8001"
    )


@pytest.mark.parametrize("path", ["/etc/branchline/8001", "elsewhere/8001"])
def test_files_of_other_places_are_the_box_s_own(folder: Path, path: str) -> None:
    file = folder / "headquarters.yaml"
    file.write_text(file.read_text().replace("secret: secrets/8001}]", f"secret: {path}}}]"))
    assert [one.lacking for one in _wanted(folder)] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("mode", "told"), [(0o755, "others can look into it; chmod 0700"), (None, "is no folder; mkdir -m 0700")]
)
def test_the_folder_is_its_owner_s_alone(folder: Path, mode: int | None, told: str) -> None:
    kept = folder / "for-boxes"
    if mode is None:
        kept.rmdir()
    else:
        kept.chmod(mode)
    with pytest.raises(ConfigurationError, match=told):
        load_role(folder / "headquarters.yaml", Headquarters)


def test_without_certificates_no_secret_is_pushed(folder: Path) -> None:
    file = folder / "headquarters.yaml"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith("enrolment:")))
    with pytest.raises(ConfigurationError, match="give headquarters an enrolment door, or leave the key out"):
        load_role(file, Headquarters)


def test_only_the_box_can_read_what_is_sent_and_only_what_it_names(folder: Path) -> None:
    network.keep(folder, "small/8001", "one")
    network.keep(folder, "small/8002", "another")
    setting = load_role(folder / "headquarters.yaml", Headquarters).fleet
    assert setting is not None
    text = _wanted(folder)[0].text
    key = Credentials(folder / "box")
    box, certificate = Unwrapper("BR-00001", key.sign), network.certificate(folder, key)
    sent = to_be_sent(setting, "BR-00001", "HQ-0001.1.1", text, box.offer(), certificate)
    assert sent is not None
    assert b"one" not in sent.octets
    (name,) = names_in(text)
    assert box.unwrapped(sent, "HQ-0001.1.1") == {name: "one"}
    network.keep(folder, "small/8001", "changed since")
    assert to_be_sent(setting, "BR-00001", "HQ-0001.1.1", text, box.offer(), certificate) is None
    network.keep(folder, "small/8001", "one")
    for offer, shown, sentence in (
        (None, certificate, "it takes no secrets: its software is older, or it has no certificate"),
        (box.offer(), None, "headquarters knows no certificate of BR-00001 that its secrets could be for"),
        (box.offer(), network.certificate(folder, Credentials(folder / "other")), "BR-00001's key for secrets is not"),
    ):
        with pytest.raises(SecretsError, match=sentence):
            to_be_sent(setting, "BR-00001", "HQ-0001.1.1", text, offer, shown)


def test_a_new_box_s_first_configuration_has_its_secrets_beside_it(folder: Path) -> None:
    file = folder / "headquarters.yaml"
    network.keep(folder, "small/8001", "one")
    config = load_role(file, Headquarters)
    text = _first(config, file, "BR-00001")
    assert text is not None
    assert _secrets(config, file, "BR-00001") == dict.fromkeys(names_in(text), "one")
    (folder / "boxes").mkdir()
    (folder / "boxes" / "BR-00009.yaml").write_text(_wanted(folder)[0].text.replace("BR-00001", "BR-00009"))
    with pytest.raises(ConfigurationError, match=r"is what a box calls it; here it is secrets/8001"):
        _first(config, file, "BR-00009")
