# SPDX-License-Identifier: GPL-2.0-only
"""A headquarters' file with a fleet, its template and its table, for tests; boxes of their own making."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from appliance.headquarters.fleet.authority import Authority
from appliance.uplink.enrolling.credentials import Credentials, utc_now
from tests.ports import free_port

TEMPLATE = """\
role: branch
box: ${box}
name: ${name}
headquarters:
  server: ${server}
  secret: secrets/nats
spans:
  - name: telco
    driver: cesopsn
    local: ${ip}:9101
    remote: ${ip}:9001
    echo_tail_ms: ${tail}
sip: {listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: branch.test}
extensions: ${phones}
route:
  timeout_ms: ${timeout}
  default: {ring: [8001]}
prompts: {directories: [/nowhere/of/headquarters]}
"""
FLEET = """\
fleet:
  variables: {server: "127.0.0.1:4222", timeout: 500, phones: "[{number: 8001, name: Desk, secret: secrets/8001}]"}
  groups:
    - {name: small, template: small.yaml, boxes: small.csv, variables: {tail: 64}}
"""


def row(number: int) -> str:
    """A line of the table."""
    return f"BR-{number:05},Branch {number},127.0.0.1,,"


def write(folder: Path, boxes: Iterable[int]) -> None:
    """Template, table, and the fleet at the end of headquarters' file, where that has none yet."""
    (folder / "small.yaml").write_text(TEMPLATE)
    (folder / "small.csv").write_text("\n".join(["box,name,ip,tail,timeout", *map(row, boxes), ""]))
    file = folder / "headquarters.yaml"
    text = file.read_text()
    if "fleet:" not in text:
        file.write_text(text + FLEET)


def keep_secrets(folder: Path) -> None:
    """From now on headquarters keeps some for boxes: in `for-boxes`."""
    (folder / "for-boxes").mkdir(0o700)
    template = folder / "small.yaml"
    if template.exists():
        template.write_text(template.read_text().replace("secret: secrets/nats", "credentials: credentials"))
    file = folder / "headquarters.yaml"
    text = file.read_text().replace("fleet:\n", "fleet:\n  secrets: for-boxes\n")
    if "enrolment:" not in text:
        text += f"enrolment: {{listen: 127.0.0.1:{free_port()}, credentials: hq}}\n"
    file.write_text(text)


def keep(folder: Path, name: str, secret: str) -> Path:
    """One of them."""
    path = folder / "for-boxes" / name
    path.parent.mkdir(0o700, exist_ok=True)
    path.touch(0o600)
    path.write_text(f"{secret}\n")
    return path


def certificate(folder: Path, box: Credentials) -> bytes:
    """Of that key, by headquarters' CA."""
    made = Authority(folder / "hq").certify(box.key().public_key(), "SN-1", "BR-00001", utc_now() + timedelta(days=1))
    return made.public_bytes(Encoding.PEM)
