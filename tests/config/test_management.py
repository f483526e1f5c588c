# SPDX-License-Identifier: GPL-2.0-only
"""Who may log in over SSH: keys that are none have a sentence with its place, and nobody is shut out unawares."""

import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from appliance.config import ConfigurationError, Endpoint, load, read
from appliance.config.concerns import SSH, changes
from appliance.config.impacts import Impact
from appliance.config.management import Came, Management, User, faults, shut_out
from appliance.config.public_key import PublicKey
from tests.cli.test_shell import branch_file

pytestmark = pytest.mark.unit

WANG = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFK4gfGyvqfW8HnuQnDp9Zxxcc3cVDvHqAqsE3fMd3dB wang@laptop"
LI = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFK4gfGyvqfW8HnuQnDp9Zxxcc3cVDvHqAqsE3fMd3dC"
TOLD = f"""\
ssh: {{listen: 10.0.0.5:2222, sources: [10.0.0.0/8, 192.0.2.7]}}
users:
  - {{name: wang, role: administrator, keys: ["{WANG}"]}}
  - {{name: li, role: technician, keys: ["{LI}"]}}
"""


def management(text: str = TOLD) -> Management:
    return read(Path("management.yaml"), Management, text=text)


def refused(folder: Path, text: str) -> list[str]:
    """Sentences with line and column of a branch's file that has this block."""
    file = branch_file(folder)
    block = "".join(f"  {line}\n" for line in text.splitlines())
    with pytest.raises(ConfigurationError) as caught:
        load(file, text=f"management:\n{block}{file.read_text()}")
    return [f"{one.line}:{one.column}: {one.sentence}" for one in caught.value.mistakes]


@pytest.mark.parametrize(
    "kind",
    [("ed25519",), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "384"), ("ecdsa", "-b", "521"), ("rsa", "-b", "3072")],
)
def test_a_key_that_openssh_makes_is_one_and_has_its_fingerprint(kind: tuple[str, ...], tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", *kind, "-N", "", "-C", "wang at home", "-f", str(key)], check=True)
    line = key.with_suffix(".pub").read_text().strip()
    parsed = PublicKey.parse(line)
    told = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], capture_output=True, text=True, check=True).stdout
    assert (str(parsed), parsed.fingerprint, parsed.comment) == (line, told.split()[1], "wang at home")
    for cut in range(len(parsed.kind) + 2, len(parsed.kind) + 1 + len(parsed.body)):
        with pytest.raises(ValueError, match=r"cut or broken|copy the whole line"):
            PublicKey.parse(line[:cut])


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("hello", "'hello' is no public key"),
        ("ssh-ed25519", "the key itself is missing; a whole line stands between quotation marks"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "keys of type 'ssh-dss' are not taken"),
        ("ecdsa-sha2-nistp25 AAAA", "did you mean 'ecdsa-sha2-nistp256'?"),
        (f'command="sh" {WANG}', "is no public key"),
        (WANG.replace("ssh-ed25519", "ssh-rsa"), "the key says ssh-rsa and is 'ssh-ed25519': copy the whole line"),
        (f"{WANG}\n{LI}", "a key is one line"),
        (f"{WANG} {'x' * 101}", "longer than 100 characters"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key, which is its owner's alone"),
    ],
)
def test_what_is_no_key_is_told_as_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        PublicKey.parse(line)
    assert "\n" not in str(caught.value)


def test_a_short_rsa_key_is_told_its_length(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(key)], check=True)
    with pytest.raises(ValueError, match="an RSA key of 2048 bits is not taken: 3072 to 16384"):
        PublicKey.parse(key.with_suffix(".pub").read_text().strip())


def test_mistakes_have_their_places(tmp_path: Path) -> None:
    wrong = TOLD.replace("10.0.0.0/8", "10.0.0.1/8").replace(LI, f"{LI}=").replace("technician", "technican")
    told = refused(tmp_path, wrong)
    assert [one.split(":")[0] for one in told] == ["2", "5", "5"]
    assert "2:42: '10.0.0.1/8' has more than its prefix; did you mean '10.0.0.0/8'?" in told
    assert any("'technican' is not known here; did you mean 'technician'?" in one for one in told)
    assert any("the ssh-ed25519 key is not base64" in one for one in told)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ssh: {sources: [10.0.0.0/8]}\n", "nobody has a key, so nobody could log in"),
        (TOLD.replace("[10.0.0.0/8, 192.0.2.7]", "[]"), "0 given, at least 1 needed"),
        (TOLD.replace("10.0.0.5:2222, sources: [10.0.0.0/8, 192.0.2.7]", "10.0.0.5:2222"), "key 'sources' is missing"),
        (TOLD.replace(LI, WANG), "this key is wang's already"),
        (TOLD.replace("name: li", "name: wang"), "user 'wang' is there twice"),
        (TOLD.replace("name: li", "name: admin"), "'admin' is not a person's"),
        (TOLD.replace("10.0.0.5:2222", "127.0.0.1:5060"), "port 5060 is already taken by Kamailio"),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, sentence: str, tmp_path: Path) -> None:
    told = refused(tmp_path, text)
    assert len(told) == 1
    assert sentence in told[0]


def test_every_role_has_the_door(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("a token\n")
    others = "{listen: 10.0.0.3:6222, others: [10.0.0.1:6222, 10.0.0.2:6222]}"
    voter = f"role: voter\nbox: HQ-V\nserver: {{listen: 10.0.0.3:4222, secret: secret}}\nduplex: {others}\n"
    block = "".join(f"  {line}\n" for line in TOLD.splitlines())
    told = load(tmp_path / "box.yaml", text=f"{voter}management:\n{block}")
    assert told.management == management()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/welcome.yaml").write_text("")
    text = Path(__file__).with_name("boxes").joinpath("headquarters.yaml").read_text()
    assert load(tmp_path / "box.yaml", text=f"{text}management:\n{block}").management == management()
    with pytest.raises(ConfigurationError, match="port 4222 is already taken by the message server"):
        load(tmp_path / "box.yaml", text=f"{voter}management:\n{block}".replace("10.0.0.5:2222", "0.0.0.0:4222"))


def test_who_would_be_shut_out_is_told_why() -> None:
    key = PublicKey.parse(WANG)
    came = Came("wang", "administrator", key.fingerprint, "10.1.2.3", Endpoint("10.0.0.5", 2222))
    now = management()
    assert list(shut_out(now, came)) == []
    assert list(shut_out(now, came._replace(source="192.0.2.7"))) == []
    assert list(shut_out(Management(users=now.users), came)) == ["SSH is closed"]
    (why,) = shut_out(now, came._replace(source="172.16.0.1"))
    assert why == "172.16.0.1, where you are, is not among the sources"
    (why,) = shut_out(management(TOLD.replace(":2222", ":22")), came)
    assert why == "SSH is at 10.0.0.5:22, no longer at 10.0.0.5:2222"
    assert list(shut_out(management(TOLD.replace("10.0.0.5:", "0.0.0.0:")), came)) == []
    (why,) = shut_out(management(TOLD.replace("wang, role", "wu, role")), came)
    assert why == "there is no user wang"
    (why,) = shut_out(management(TOLD.replace(WANG, WANG.replace("d3dB", "d3dD"))), came)
    assert why == "the key of this session is none of wang's"
    (why,) = shut_out(management(TOLD.replace("administrator", "viewer")), came)
    assert why == "wang has the role viewer, no longer administrator"


def test_a_new_user_ends_no_call(tmp_path: Path) -> None:
    before = load(branch_file(tmp_path))
    (change,) = changes(before, msgspec.structs.replace(before, management=management()))
    assert (change.name, change.impact) == (SSH, Impact.NONE)


def test_only_an_administrator_may_be_root() -> None:
    key = PublicKey.parse(WANG)
    user = User("wang", "technician", (key,), root=True)
    (fault,) = faults(Management(users=(user,)))
    assert fault.keys == ("management", "users", 0, "root")
    assert "so the role is administrator" in fault.sentence
    assert list(faults(Management(users=(msgspec.structs.replace(user, role="administrator"),)))) == []
