# SPDX-License-Identifier: GPL-2.0-only
"""`box BR-0001 show spans`: at headquarters a line of a branch's command line, in one's own role, noted at both."""

import shlex
import shutil
import sys

from appliance.cli import audit, headquarters, terminal
from appliance.cli.grammar.matching import APART, Matched
from appliance.cli.session import Session
from appliance.wire.remote import LineAnswered, LineTyped
from appliance.wire.service_messages import Refused
from appliance.wire.talk import UnreachableError

WITHIN_S = {"test": 60, "line": 120, "capture": 120, "ping": 30}
"""By the first word; others have 15 s."""
CUT = ("there was more, or it did not end in time", "内容过长或未及时结束")


def typed(session: Session, matched: Matched) -> int:
    """Its exit status there; 2: the box could not be asked."""
    box, words = matched.arguments["box"], matched.arguments["command"].split(APART)
    asked = LineTyped(
        line=shlex.join(words),
        by=session.author,
        role=session.role.value,
        chinese=session.chinese,
        columns=max(40, min(500, shutil.get_terminal_size().columns)),
        within_s=next((s for word, s in WITHIN_S.items() if word.startswith(words[0])), 15),
    )
    audit.note(session.state, "cli.box.asked", by=session.author, role=session.role, box=box, command=words[0])
    try:
        answer = headquarters.line(session.state, box, asked)
    except UnreachableError as error:
        sys.stderr.write(f"{box}: {error}\n")
        return terminal.UNASKED
    if isinstance(answer, Refused):
        sys.stderr.write(f"{box}: {answer.sentence}\n")
        return terminal.UNASKED
    return _shown(session, answer)


def _shown(session: Session, answer: LineAnswered) -> int:
    sys.stdout.write(answer.text)
    if answer.cut:
        sys.stderr.write(f"{session.told(*CUT)}\n")
    return answer.status
