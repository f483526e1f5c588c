# SPDX-License-Identifier: GPL-2.0-only
"""A headquarters' file with a fleet, its template and its table, for tests; boxes of their own making."""

from collections.abc import Iterable
from pathlib import Path

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
