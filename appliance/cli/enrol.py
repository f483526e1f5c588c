# SPDX-License-Identifier: GPL-2.0-only
"""`enrol CODE [at URL]`, `show enrolment`: a box that was not plugged in with all that it needs."""

import sys

from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.config import Branch, ConfigurationError, load
from appliance.uplink.enrolling.claim import TOLD, TYPED, ClaimError, keep_typed
from appliance.uplink.enrolling.credentials import Credentials, CredentialsError


def typed(session: Session, matched: Matched) -> int:
    """For the process that enrols, which looks every two seconds."""
    try:
        box = load(session.file)
        if not isinstance(box, Branch) or not box.headquarters.discover:
            told = "this box has a configuration of its own; to begin anew: factory-reset"
            sys.stderr.write(session.told(f"{told}\n", "本机已有配置；如需重新注册：factory-reset\n"))
            return 1
        keep_typed(session.state / TYPED, matched.arguments["code"], matched.arguments.get("url", ""))
    except (ConfigurationError, ClaimError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(session.told("kept; how it goes: show enrolment", "已保存；进度：show enrolment"))
    return 0


def show(session: Session, _matched: Matched) -> int:
    """What goes on; of an enrolled box until when its certificate is good."""
    try:
        box = load(session.file)
        folder = box.headquarters.credentials if isinstance(box, Branch) else None
        credentials = Credentials(folder) if folder else None
        own = credentials.certificate() if credentials else None
    except (ConfigurationError, CredentialsError) as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    if credentials is not None and own is not None:
        ends = f"{own.not_valid_after_utc:%F %H:%M}Z"
        where = ("in the TPM", "TPM 内") if credentials.is_in_tpm() else ("a file", "文件")
        said = f"enrolled as {box.box}, certificate good until {ends}, key {where[0]}"
        print(session.told(said, f"已注册为 {box.box}，证书有效至 {ends}，密钥：{where[1]}"))
        return 0
    try:
        print((session.state / TOLD).read_text("utf-8").strip())
    except OSError:
        print(session.told("nobody enrols this box", "本机未在注册"))
    return 0
