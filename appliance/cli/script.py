# SPDX-License-Identifier: GPL-2.0-only
"""`script check`: routing scripts before a caller meets them. `script show`: one as a tree of its nodes.

What they said at other times is in `versions.py`.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from appliance.cli import terminal, versions
from appliance.config import ConfigurationError, Fault, Headquarters, Mistake, read
from appliance.config.files import load_role
from appliance.ivr.prompts import PromptFolders, UnknownPromptError
from appliance.script import flow
from appliance.script.delay import Known, Worst, worst
from appliance.script.loading import load_all, placed
from appliance.script.nodes import CallType, GoToScript, Language, Node, Requalify, Script, Text
from appliance.script.speech.forms import read as read_said

SUFFIX = ".yaml"
GOOD = (
    "{name}, version {version}: {nodes} nodes; at worst {passed} of them and {seconds} s to the first treatment",
    "{name}，版本{version}：{nodes}个节点；最坏情况下经过{passed}个节点、{seconds}秒后首次受理",
)
LOOPS = (
    "  the way there goes round: what ends it is the limit of {limit} nodes",
    "  途中存在循环，最终由节点上限{limit}终止",
)
PER_AGENT = (
    "  and {seconds} s for each agent of {queues} at {node}",
    "  另加{node}处{queues}每位坐席{seconds}秒",
)
UNSOUGHT = (
    "  its prompts were not looked for; --prompts FOLDER names where a branch has them",
    "  未查找提示音；用--prompts FOLDER指定网点的提示音目录",
)
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
    return _checked(told.files, config, tuple(told.prompts), chinese=chinese)


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
    folders = "folder with prompts, as `prompts` of a branch has them; the first that has one"
    parser.add_argument("--prompts", action="append", default=[], type=Path, metavar="FOLDER", help=folders)
    parser.add_argument("--configuration", default=named, metavar="FILE", help=configuration)
    terminal.add_language(parser)
    told = parser.parse_args(words)
    for folder in told.prompts:
        if not folder.is_dir():
            parser.error(f"--prompts {folder} is no folder")
    for file in told.files:
        if file.suffix != SUFFIX or not file.is_file():
            parser.error(f"{file} is no script's file: NAME{SUFFIX}")
    if told.what == "check" and not told.configuration:
        parser.error("no configuration: set BRANCHLINE_CONFIG, or say --configuration FILE")
    return told


def _checked(files: Sequence[Path], config: Headquarters, folders: tuple[Path, ...], *, chinese: bool) -> int:
    agents = {group.name: group.agents for group in config.skill_groups}
    queues = {*agents, *(queue.name for queue in config.precision_queues)}
    takes = {one.name: one.parameters for one in config.lookups}
    limits = {one.name: one.timeout_ms for one in config.lookups}
    calendars = {one.name: one for one in config.calendars}
    types = {one.name: one.scripts() for one in config.call_types}
    wrong: dict[Mistake, None] = {}
    for file in files:
        scripts: Mapping[str, Script] = {}
        try:
            scripts = load_all(file.parent, [file.stem], types, queues, takes, calendars)
            found = _unheard(file, scripts[file.stem].text, folders)
        except ConfigurationError as error:
            found = error.mistakes
        for mistake in found:
            if mistake not in wrong:
                print(mistake)
        wrong |= dict.fromkeys(found)
        if not found:
            known = Known({name: one.text for name, one in scripts.items()}, types, agents, limits)
            late, script = worst(file.stem, known), scripts[file.stem]
            print("\n".join(_page(script, late, sought=bool(folders), chinese=chinese)))
            for warning in _warned(file, script.text, chinese=chinese):
                print(warning)
    return int(bool(wrong))


def _page(script: Script, late: Worst, *, sought: bool, chinese: bool) -> Iterator[str]:
    nodes, lost_s = script.text.nodes, f"{late.lost_ms / 1000:g}"
    yield GOOD[chinese].format(
        name=script.name, version=script.version, nodes=len(nodes), passed=late.nodes, seconds=lost_s
    )
    if late.loops:
        yield LOOPS[chinese].format(limit=late.nodes)
    for ring in late.unknown:
        yield PER_AGENT[chinese].format(seconds=ring.ring_s, queues=", ".join(ring.queues), node=ring.node)
    if not sought and any(True for node in nodes.values() for _ in flow.prompts(node)):
        yield UNSOUGHT[chinese]


def _unheard(file: Path, text: Text, folders: tuple[Path, ...]) -> Sequence[Mistake]:
    """Prompts that are in no folder, in a language that the script begins with or changes to; what is said is none."""
    languages = {text.language, *(node.language for node in text.nodes.values() if isinstance(node, Language))}
    there, faults = PromptFolders(folders), list[Fault]()
    for name, node in text.nodes.items() if folders else ():
        for keys, prompt in flow.prompts(node):
            for language in sorted(languages) if read_said(prompt) is None else ():
                try:
                    there.find(prompt, language)
                except UnknownPromptError as error:
                    faults.append(Fault(("nodes", name, *keys), f"{error} ({language})"))
    return placed(file, faults)


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
