# SPDX-License-Identifier: GPL-2.0-only
"""The history's file: killed writers, damage, another line's."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from appliance.line.performance import store
from appliance.line.performance.history import Kept
from appliance.wire.performance import Figures, Interval

KEPT = Kept("telco", quarters=[Interval(n * 900, Figures(seconds=900, es=n)) for n in range(97)])
WRITER = """
import sys
from pathlib import Path
import msgspec
from appliance.line.performance import store
from appliance.line.performance.history import Kept
path = Path(sys.argv[1])
kept = store.read(path, "telco", Kept)
print("begun", flush=True)
while True:
    for n in range(97):
        kept.quarters[n] = msgspec.structs.replace(kept.quarters[n], ppm_mean=kept.quarters[n].ppm_mean + 1)
    store.write(path, msgspec.json.encode(kept))
    print("written", flush=True)
"""


@pytest.mark.system
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "performance" / "line1.span1.json"
    store.write(path, msgspec.json.encode(KEPT))
    before = 0.0
    for lines in (2, 5):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(lines):
                assert writer.stdout.readline()
            writer.kill()
        kept = store.read(path, "telco", Kept)
        (written,) = {one.ppm_mean for one in kept.quarters}
        assert written >= before + lines - 1, "what was said to be written is there"
        before = written
        assert [one.near.es for one in kept.quarters] == list(range(97))


@pytest.mark.unit
@pytest.mark.parametrize("octets", [b"", b'{"name":"tel', b"\xff\xfe", b'{"name":"telco","quarters":[{}]}'])
def test_a_damaged_file_is_set_aside_and_the_history_begins_anew(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "line1.span1.json"
    path.write_bytes(octets)
    assert store.read(path, "telco", Kept) == Kept("telco")
    assert (tmp_path / "line1.span1.damaged").read_bytes() == octets


@pytest.mark.unit
def test_another_line_begins_a_history_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "line1.span1.json"
    store.write(path, msgspec.json.encode(KEPT))
    assert store.read(path, "pbx", Kept) == Kept("pbx")
    assert msgspec.json.decode((tmp_path / "line1.span1.former").read_bytes(), type=Kept) == KEPT


@pytest.mark.unit
def test_what_was_written_is_read_again_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "line1.span1.json"
    store.write(path, msgspec.json.encode(KEPT))
    assert store.read(path, "telco", Kept) == KEPT
    assert [one.name for one in tmp_path.iterdir()] == ["line1.span1.json"]
