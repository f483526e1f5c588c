# SPDX-License-Identifier: GPL-2.0-only
"""`script check` and `script show`, as they are typed at headquarters."""

import shutil
from pathlib import Path

import pytest

from appliance.cli.__main__ import main
from appliance.script.loading import load

pytestmark = pytest.mark.unit

SITE = Path("appliance/simulator/site")
ONE = """\
start: late
nodes:
  late: {do: queue, queues: [card], ring_s: 10, otherwise: open}
  open: {do: if, that: "number(ced) > 1", then: on, otherwise: gone}
  on: {do: script, script: welcome}
  gone: {do: release}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(SITE, tmp_path / "site")
    (tmp_path / "site/scripts/one.yaml").write_text(ONE)
    return tmp_path / "site"


def typed(site: Path, what: str, *names: str, language: str = "en") -> int:
    files = [str(site / "scripts" / f"{name}.yaml") for name in names]
    words = [*files, "--configuration", str(site / "headquarters.yaml")]
    return main(["script", what, *words, "--language", language])


def test_good_scripts_are_told_with_their_worst_case(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(site, "check", "welcome", "one") == 0
    welcome, one = (load(site / f"scripts/{name}.yaml", ["card"]).version for name in ("welcome", "one"))
    assert capsys.readouterr().out.splitlines() == [
        f"welcome, version {welcome}: 8 nodes; at worst 1 of them and 0 s to the first treatment",
        "  its prompts were not looked for; --prompts FOLDER names where a branch has them",
        f"one, version {one}: 4 nodes; at worst 4 of them and 30 s to the first treatment",
        f"{site}/scripts/one.yaml:4:9: warning: what fails at open goes on to gone: it has no 'failed'",
    ]
    assert typed(site, "check", "one", language="zh") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"one，版本{one}：4个节点；最坏情况下经过4个节点、30秒后首次受理",
        f"{site}/scripts/one.yaml:4:9: 警告：open失败时转到gone，因为没有failed",
    ]


def test_the_worst_case_goes_on_in_other_scripts(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = "start: a\nnodes:\n  a: {do: queue, queues: [gold], ring_s: 7, otherwise: b}\n  b: {do: busy}\n"
    (site / "scripts/late.yaml").write_text(late)
    (site / "scripts/one.yaml").write_text(ONE.replace("script: welcome", "script: late"))
    assert typed(site, "check", "one") == 0
    told = capsys.readouterr().out.splitlines()
    assert "4 nodes; at worst 5 of them and 30 s to the first treatment" in told[0]
    assert told[1] == "  and 7 s for each agent of gold at late/a"
    (site / "scripts/late.yaml").write_text("start: a\nnodes:\n  a: {do: script, script: one}\n")
    assert typed(site, "check", "late") == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "  the way there goes round: what ends it is the limit of 100 nodes"
    )


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    for name in ("en/hello-world", "vm-press", "en/digits/1", "pbx-invalid", "en/all-circuits-busy-now", "en/beep"):
        path = tmp_path / f"sounds/{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "sounds"


def with_prompts(site: Path, sounds: Path, name: str) -> int:
    words = [str(site / f"scripts/{name}.yaml"), "--configuration", str(site / "headquarters.yaml")]
    return main(["script", "check", *words, "--prompts", str(sounds)])


def test_a_prompt_that_no_folder_has_is_a_mistake_in_its_language(
    site: Path, sounds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert with_prompts(site, sounds, "welcome") == 1
    (told,) = capsys.readouterr().out.splitlines()
    assert told.startswith(f"{site}/scripts/welcome.yaml:")
    assert "prompt please-try-call-later is not in" in told
    (sounds / "please-try-call-later.wav").write_bytes(b"")
    assert with_prompts(site, sounds, "welcome") == 0
    assert "looked for" not in capsys.readouterr().out
    path = site / "scripts/welcome.yaml"
    text = path.read_text().replace("start: greet", "start: speak").replace("nodes:\n", "nodes:\n" + CHINESE, 1)
    path.write_text(text)
    assert with_prompts(site, sounds, "welcome") == 1
    told = capsys.readouterr().out
    assert "prompt hello-world is not in" in told, "not in Chinese"
    assert told.count("(zh)") == len(told.splitlines())


CHINESE = "  speak: {do: language, language: zh, next: greet}\n"


def test_what_is_said_is_no_prompt_and_the_beep_is_one(
    site: Path, sounds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "scripts/one.yaml").write_text(
        "start: a\nnodes:\n  a: {do: voicemail, mailbox: x, prompts: [number(waited())], next: b, failed: b}\n"
        "  b: {do: busy}\n"
    )
    assert with_prompts(site, sounds, "one") == 0
    (sounds / "en/beep.wav").unlink()
    assert with_prompts(site, sounds, "one") == 1
    assert "prompt beep is not in" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        with_prompts(site, sounds / "none", "one")
    assert "none is no folder" in capsys.readouterr().err


def test_a_way_round_a_count_is_told_with_the_limit(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "scripts/one.yaml").write_text(
        "start: a\nlimit: 30\nnodes:\n  a: {do: count, limit: 2, next: a, otherwise: b}\n  b: {do: busy}\n"
    )
    assert typed(site, "check", "one") == 0
    assert "2 nodes; at worst 30 of them and 0 s" in (told := capsys.readouterr().out)
    assert "goes round: what ends it is the limit of 30 nodes" in told


def test_every_mistake_has_its_line_and_column(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = site / "scripts/one.yaml"
    path.write_text(ONE.replace("number(ced)", "numbr(ced)").replace("script: welcome", "script: welcom"))
    assert typed(site, "check", "one", "queue", "one") == 1
    first, second, good, _ = capsys.readouterr().out.splitlines()
    assert first == f"{path}:4:24: column 1: no function 'numbr'; did you mean 'number'?"
    assert second == f"{path}:5:28: script 'welcom' does not exist; did you mean 'welcome'?"
    assert good.startswith("queue, version ")


def test_a_mistake_in_the_script_that_goes_on_is_one(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "scripts/welcome.yaml").write_text("start: x\nnodes: {}\n")
    assert typed(site, "check", "one") == 1
    assert "welcome.yaml:1:8: node 'x' does not exist" in capsys.readouterr().out


def test_what_cannot_be_asked(site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRANCHLINE_CONFIG", raising=False)
    for words, sentence in (
        (["check", str(site / "scripts/one.yaml")], "no configuration: set BRANCHLINE_CONFIG"),
        (["check", str(site / "scripts/none.yaml")], "none.yaml is no script's file: NAME.yaml"),
        (["chek", str(site / "scripts/one.yaml")], "invalid choice: 'chek'"),
    ):
        try:
            status: object = main(["script", *words])
        except SystemExit as ended:
            status = ended.code
        assert status == 2
        assert sentence in capsys.readouterr().err
    (site / "headquarters.yaml").write_text("role: headquarters\n")
    assert typed(site, "check", "one") == 2
    assert "key 'call_types' is missing" in capsys.readouterr().err


def test_a_script_is_drawn_as_a_tree(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(site, "show", "welcome") == 0
    assert (
        capsys.readouterr().out
        == """\
greet  play prompts: hello-world
ask  collect prompts: vm-press digits/1
  next → choose  switch on: ced
    1 → card  queue queues: card
      otherwise → busy  play prompts: all-circuits-busy-now please-try-call-later
        next → gone  release cause: 17
        failed → gone (see above)
    2 → card (see above)
    "" → card (see above)
    otherwise → again  count limit: 1
      next → sorry  play prompts: pbx-invalid
      ask (see above)
      otherwise → card (see above)
  failed → card (see above)
"""
    )
    path = site / "scripts/one.yaml"
    path.write_text(ONE.replace("then: on", "then: no").replace("[card]", "[card, loan], record: no"))
    assert typed(site, "show", "one", language="zh") == 0
    assert (
        capsys.readouterr().out
        == """\
late  queue queues: card loan, ring_s: 10, record: no
  otherwise → open  if that: number(ced) > 1
    then → no（不存在）
    otherwise → gone  release
"""
    )
    path.write_text("start: late\n")
    assert typed(site, "show", "one") == 1
    assert capsys.readouterr().out == f"{path}:1:1: key 'nodes' is missing\n"
