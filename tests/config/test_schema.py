# SPDX-License-Identifier: GPL-2.0-only
"""The configuration goes back together with the system, where the older one could not read what the newer wrote."""

import os
from pathlib import Path

import pytest

from appliance.config.history import History

pytestmark = pytest.mark.unit


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    file = tmp_path / "branch.yaml"
    file.write_text("name: old\n")
    return History(file)


def test_the_same_schema_changes_nothing(history: History) -> None:
    assert history.settle(1) is None
    assert not history.file.with_suffix(".versions").exists()


def test_what_was_typed_at_the_newer_system_gives_way_and_is_kept(history: History) -> None:
    assert history.settle(2) is None
    history.commit("name: newer\n", "wu")
    assert history.settle(1) == 2
    assert history.file.read_text() == "name: old\n"
    assert "name: newer" in (history.file.with_suffix(".versions") / "schema-2.yaml").read_text()
    assert history.settle(1) is None


def test_what_is_typed_at_the_older_system_afterwards_goes_on(history: History) -> None:
    history.settle(2)
    history.settle(1)
    history.commit("name: later\n", "wu")
    assert history.settle(2) is None
    assert "name: later" in history.file.read_text()
    history.settle(1)
    assert "name: later" in history.file.read_text()


def test_a_trial_of_the_newer_system_is_over(history: History) -> None:
    history.settle(2)
    history.commit("name: newer\n", "wu")
    (history.file.with_suffix(".versions") / "unconfirmed.json").write_bytes(
        b'{"version":2,"back_to":1,"until_s":2000000000.0}'
    )
    history.settle(1)
    assert history.trial() is None


def test_a_power_cut_at_any_write_loses_neither(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, write = history.file.with_suffix(".versions"), History._write
    for cut in range(1, 6):
        history.file.write_text("name: old\n")
        history.settle(2)
        history.file.write_text("name: newer\n")
        left = cut

        def writes(self: History, name: str | Path, octets: bytes) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            write(self, name, octets)

        with monkeypatch.context() as patched:
            patched.setattr(History, "_write", writes)
            try:
                history.settle(1)
            except KeyboardInterrupt:
                assert cut < 5
        history.settle(1)
        assert history.file.read_text() == "name: old\n"
        assert (folder / "schema-2.yaml").read_text() == "name: newer\n"
        assert (folder / "schema").read_text() == "1"
