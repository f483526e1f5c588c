# SPDX-License-Identifier: GPL-2.0-only
"""`script check`: routing scripts before a caller meets them. `script show`: one as a tree of its nodes.

What they said at other times is in `versions.py`.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from appliance.cli import terminal, versions
from appliance.config import ConfigurationError, Fault, Headquarters, Mistake, read
from appliance.config.files import load_role
from appliance.script import flow
from appliance.script.loading import load_all, placed
from appliance.script.nodes import CallType, GoToScript, Node, Queue, Requalify, Script, Text

SUFFIX = ".yaml"
GOOD = (
    "{name}, version {version}: {nodes} nodes; at worst {passed} of them and {seconds} s to the first treatment",
    "{name}，版本{version}：{nodes}个节点；最坏情况下经过{passed}个节点、{seconds}秒后首次受理",
)
LOOPS = (
    "  the way there goes round a count: what ends it is the limit of {limit} nodes",
    "  途中循环经过计数节点，最终由节点上限{limit}终止",
)
PER_AGENT = (
    "  and {seconds} s for each agent of {queues} at {node}",
    "  另加{node}处{queues}每位坐席{seconds}秒",
)
ONWARD = ("  and from {node} what {target} takes", "  另加{node}之后{target}所需的时间")
UNPROVIDED = (
    "warning: what fails at {node} goes on to {target}: it has no 'failed'",
    "警告：{node}失败时转到{target}，因为没有failed",
)
EMPTY = '""'
ABOVE, MISSING = (" (see above)", "（见上）"), (" (does not exist)", "（不存在）")


def main(words: Sequence[str]) -> int:
    """Exit status 0: nothing is wrong; 1: a script has mistakes; 2: it could not be asked."""
    if words and words[0] in versions.KINDS:
        return versions.main(words)
    told = _read(words)
    chinese = told.language == "zh"
    if told.what == "show":
        return _shown(told.files, chinese=chinese)
    try:
        config = load_role(Path(told.configuration), Headquarters)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    return _checked(told.files, config, chinese=chinese)


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script",
        description="Whether routing scripts are right, or how one goes.",
        epilog="script history [NAME], text NAME [VERSION], diff NAME OLD [NEW]: what they said, and when",
    )
    parser.add_argument("what", choices=("check", "show"))
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    configuration = "headquarters' file, which names queues and call types, else BRANCHLINE_CONFIG"
    named = os.environ.get("BRANCHLINE_CONFIG", "")
    parser.add_argument("--configuration", default=named, metavar="FILE", help=configuration)
    terminal.add_language(parser)
    told = parser.parse_args(words)
    for file in told.files:
        if file.suffix != SUFFIX or not file.is_file():
            parser.error(f"{file} is no script's file: NAME{SUFFIX}")
    if told.what == "check" and not told.configuration:
        parser.error("no configuration: set BRANCHLINE_CONFIG, or say --configuration FILE")
    return told


def _checked(files: Sequence[Path], config: Headquarters, *, chinese: bool) -> int:
    agents = {group.name: group.agents for group in config.skill_groups}
    queues = {*agents, *(queue.name for queue in config.precision_queues)}
    takes = {one.name: one.parameters for one in config.lookups}
    limits = {one.name: one.timeout_ms for one in config.lookups}
    calendars = {one.name: one for one in config.calendars}
    types = {one.name: one.scripts() for one in config.call_types}
    wrong: dict[Mistake, None] = {}
    for file in files:
        try:
            script = load_all(file.parent, [file.stem], types, queues, takes, calendars)[file.stem]
        except ConfigurationError as error:
            for mistake in error.mistakes:
                if mistake not in wrong:
                    print(mistake)
            wrong |= dict.fromkeys(error.mistakes)
        else:
            print("\n".join(_page(script, flow.worst(script.text, agents, limits), chinese=chinese)))
            for warning in _warned(file, script.text, chinese=chinese):
                print(warning)
    return int(bool(wrong))


def _page(script: Script, worst: flow.Worst, *, chinese: bool) -> Iterator[str]:
    nodes, lost_s = script.text.nodes, f"{worst.lost_ms / 1000:g}"
    yield GOOD[chinese].format(
        name=script.name, version=script.version, nodes=len(nodes), passed=worst.nodes, seconds=lost_s
    )
    if worst.loops:
        yield LOOPS[chinese].format(limit=script.text.limit)
    for ring in worst.unknown:
        node = nodes[ring.node]
        if isinstance(node, Queue):
            queues = ", ".join(node.queues)
            yield PER_AGENT[chinese].format(seconds=ring.ring_s, queues=queues, node=ring.node)
    for name in worst.onward:
        yield ONWARD[chinese].format(node=name, target=_summary(nodes[name]))


def _warned(path: Path, text: Text, *, chinese: bool) -> Sequence[Mistake]:
    """What a script may do and had better not."""
    faults = [
        Fault(("nodes", name), UNPROVIDED[chinese].format(node=name, target=target))
        for name, target in flow.unprovided(text)
    ]
    return placed(path, faults)


def _shown(files: Sequence[Path], *, chinese: bool) -> int:
    status = 0
    for file in files:
        try:
            print("\n".join(_tree(read(file, Text), chinese=chinese)))
        except ConfigurationError as error:
            print("\n".join(map(str, error.mistakes)))
            status = 1
    return status


def _tree(text: Text, *, chinese: bool) -> Iterator[str]:
    """What follows by `next` alone stands below its node, anything else one step in with its case."""
    waiting, drawn = [(0, "", text.start)], set[str]()
    while waiting:
        depth, label, name = waiting.pop()
        node = text.nodes.get(name)
        head = f"{'  ' * depth}{label}{name}"
        if node is None or name in drawn:
            yield head + (MISSING if node is None else ABOVE)[chinese]
            continue
        drawn.add(name)
        yield f"{head}  {_summary(node)}"
        ways = list(flow.targets(node))
        alone = [keys for keys, _ in ways] == [("next",)]
        for keys, target in reversed(ways):
            waiting.append((depth, "", target) if alone else (depth + 1, f"{keys[-1] or EMPTY} → ", target))


def _summary(node: Node) -> str:
    """What it does, by the keys that are not as they are by default and lead nowhere."""
    ways = {keys[0] for keys, _ in flow.targets(node)}
    said = [str(node.__struct_config__.tag)]
    if isinstance(node, GoToScript | Requalify | CallType):
        return f"{said[0]} {node.script if isinstance(node, GoToScript) else node.call_type}"
    for field in msgspec.structs.fields(node):
        value = getattr(node, field.name)
        if field.encode_name not in ways and value != field.default:
            said.append(f"{field.encode_name}: {_written(value)}")
    return said[0] + (" " if said[1:] else "") + ", ".join(said[1:])


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, dict):
        return "; ".join(f"{name} = {one}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
