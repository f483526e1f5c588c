# SPDX-License-Identifier: GPL-2.0-only
"""The two boxes' files: what a site is refused for, and what an installer reads then."""

import enum
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from appliance.config import Branch, ConfigurationError, Headquarters, load
from appliance.config.branch import CesopsnSpan, DahdiSpan, Ds26521Span
from appliance.config.cas import (
    AnalogueLine,
    CasVariant,
    LineMode,
    R2Variant,
    StationVariant,
    ToneZone,
    Trunk,
    TrunkVariant,
)
from appliance.config.files import listeners
from appliance.config.tandem import way
from appliance.line.span import PriLine
from appliance.processes import framers
from appliance.processes.line import d_channel, line, settings
from appliance.processes.resting import bits
from appliance.signalling.cas import variant as cas
from appliance.signalling.cas.events import Digits
from appliance.signalling.fxo.modes import modes
from appliance.signalling.fxo.settings import Answer, CallerId, DialBy, HangUp, Place
from appliance.signalling.r2.variant import names
from drivers.spi.ds26521 import FramerSettings
from drivers.spi.tdm import TdmSettings
from dsp.tools.tone_zones import zones

FXO = "signalling: cas\n    variant: fxo_loop_e1\n    analogue: {number: 5551234"
SITE = Path(__file__).parent / "boxes"

Edit = Callable[[str, str], Path]


@pytest.fixture
def branch(tmp_path: Path) -> Edit:
    """Writes the site's branch file with one text replaced by another."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "prompts").mkdir()
    secret = tmp_path / "secrets/8001"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    return _editor(tmp_path, "branch.yaml", "/usr/share/asterisk/sounds/en_US_f_Allison")


@pytest.fixture
def headquarters(tmp_path: Path) -> Edit:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/welcome.yaml").write_text("")
    return _editor(tmp_path, "headquarters.yaml", "")


def _editor(folder: Path, name: str, prompts: str) -> Edit:
    def edit(before: str, after: str) -> Path:
        text = (SITE / name).read_text()
        text = text.replace(prompts, "prompts") if prompts else text
        assert before in text
        path = folder / name
        path.write_text(text.replace(before, after, 1))
        return path

    return edit


def sentences(path: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    return [f"{m.line}: {m.sentence}" for m in caught.value.mistakes]


@pytest.mark.unit
def test_the_site_s_branch_is_read(branch: Edit) -> None:
    box = load(branch("", ""))
    assert isinstance(box, Branch)
    assert box.role == "branch"
    assert isinstance(box.spans[0], CesopsnSpan)
    assert box.spans[0].timers.t309_s == 6
    assert box.spans[0].rtp_header is False
    assert box.route.default.ring == ("8001",)
    assert box.sip.proxy == ("127.0.0.1", 5060)
    assert box.sip.codecs == ("PCMA", "PCMU", "G722", "OPUS", "G726-32")
    assert box.sip.srtp == "accept"
    assert box.sip.packet_ms == 20
    assert box.extensions[0].secret.read_text() == "correct horse\n"
    assert {listener.endpoint.port for listener in listeners(box)} == {5060, 5070, 5071, 9101, 20000}


@pytest.mark.unit
def test_off_is_a_word_and_not_yaml_s_false(branch: Edit) -> None:
    box = load(branch("domain:", "srtp: off, domain:"))
    assert isinstance(box, Branch)
    assert box.sip.srtp == "off"


@pytest.mark.unit
@pytest.mark.parametrize("profile", ["national", "dms100", "4ess", "5ess", "euroisdn-t1"])
def test_a_t1_has_its_d_channel_in_timeslot_24_unless_told(branch: Edit, profile: str) -> None:
    written = "d_channel: 16\n    profile: euroisdn"
    box = load(branch(written, f"line: t1\n    profile: {profile}"))
    assert isinstance(box, Branch)
    (span,) = box.spans
    assert isinstance(span, CesopsnSpan)
    served = line(0, span, {})
    assert isinstance(served, PriLine)
    assert (served.d_channel, served.timeslots) == (24, range(1, 25))
    assert (settings(span).line, d_channel(span)) == ("t1", 24)
    box = load(branch(written, f"line: t1\n    d_channel: 23\n    profile: {profile}"))
    assert isinstance(box, Branch)
    assert isinstance(box.spans[0], CesopsnSpan)
    assert d_channel(box.spans[0]) == 23


@pytest.mark.unit
def test_an_e1_has_its_d_channel_in_timeslot_16_unless_told(branch: Edit) -> None:
    box = load(branch("    d_channel: 16\n", ""))
    assert isinstance(box, Branch)
    (span,) = box.spans
    assert isinstance(span, CesopsnSpan)
    assert (settings(span).line, d_channel(span)) == ("e1", 16)


@pytest.mark.unit
def test_the_site_s_headquarters_is_read(headquarters: Edit) -> None:
    box = load(headquarters("", ""))
    assert isinstance(box, Headquarters)
    assert box.call_types[0].dnis == ("95588",)
    assert box.skill_groups[0].agents == ("1001",)
    assert {listener.endpoint.port for listener in listeners(box)} == {4222, 8095}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("d_channel: 16", "d_chanel: 16", "14: key 'd_chanel' is unknown here; did you mean 'd_channel'?"),
        ("d_channel: 16", "d_channel: 32", "14: 32 is out of range: 1 to 31"),
        ("d_channel: 16", "echo_tail_ms: 8", "14: 8 is out of range: 16 to 128, or 0 for no canceller"),
        ("d_channel: 16", "tx_gain_db: 12.1", "14: 12.1 is out of range: -24 to 12"),
        ("d_channel: 16", "signalling: r2\n    variant: itt", "15: 'itt' is not known here; did you mean 'itu'?"),
        ("d_channel: 16", "signalling: r2d2", "14: 'r2d2' is not known here; did you mean 'r2'?"),
        ("d_channel: 16", "signalling: r2",
         "14: R2 is a country's: add the key variant, one of ar, br, cn, co, cz, ec, id, itu, mx, ph, ve"),
        ("d_channel: 16", "variant: cn",
         "14: ISDN has profiles, no variants; add signalling: r2, or leave the key out"),
        ("d_channel: 16", "variant: fxs_loop_e1",
         "14: ISDN has profiles, no variants; add signalling: cas, or leave the key out"),
        ("d_channel: 16", "signalling: cas\n    variant: em_wink_t1",
         "15: em_wink_t1 is of another line; of an e1 are: "
         + ", ".join(name for name in get_args(CasVariant) if name.endswith("_e1"))),
        ("d_channel: 16", "framing: d4", "14: d4 is a T1's; add line: t1, or leave the key out"),
        ("frames_per_packet: 8", "frames_per_packet: 16\n    line: t1\n    signalling: cas\n    variant: em_wink_t1",
         "12: 16 frames are no even part of a multiframe: 1, 2, 3, 4, 6, 8, 12 or 24 with CAS"),
        ("d_channel: 16", "signalling: cas\n    variant: cn",
         "14: CAS is of many kinds: add the key variant, one of " + ", ".join(get_args(CasVariant))),
        ("d_channel: 16", "signalling: r2\n    variant: em_wink_e1",
         "14: R2 is a country's: add the key variant, one of ar, br, cn, co, cz, ec, id, itu, mx, ph, ve"),
        ("d_channel: 16", "signalling: cas\n    variant: fxo_loop_e1",
         "15: an analogue line tells no called number: add analogue: {number: …}"),
        ("d_channel: 16", f"{FXO}, mode: CHINNA}}", "16: 'CHINNA' is not known here; did you mean 'CHINA'?"),
        ("d_channel: 16", f"{FXO}, zone: cnn}}", "16: 'cnn' is not known here; did you mean 'cn'?"),
        ("d_channel: 16", f"{FXO}, caller_id: v23_jp}}",
         "16: caller_id v23_jp is told by a reversal: add place: polarity"),
        ("d_channel: 16", f"{FXO}, hang_up: lern}}", "16: 'lern' is not known here; did you mean 'learn'?"),
        ("d_channel: 16", f"{FXO}, hang_up: [learn, cpc]}}",
         "16: hang_up is learned or set: leave learn out, or the others"),
        ("d_channel: 16", f"{FXO}}}\n    dnis_digits: 4",
         "17: an analogue line tells no called number; leave the key out"),
        ("d_channel: 16", f"{FXO}}}\n    trunk: {{ani: yes}}",
         f"17: a trunk is CAS with variant {', '.join(get_args(TrunkVariant))}; leave the key out"),
        ("d_channel: 16", f"{FXO}}}".replace("fxo_loop_e1", "em_wink_e1"),
         f"16: an analogue line is CAS with variant {', '.join(get_args(StationVariant))}; leave the key out"),
        ("d_channel: 16", "signalling: cas\n    variant: em_wink_e1\n    trunk: {ani: yes, digits: mf}",
         "16: *ani*dnis* is a form of DTMF, by MF a number comes alone; leave ani out"),
        ("d_channel: 16", "signalling: cas\n    variant: em_wink_e1\n    trunk: {number: 95588}\n    dnis_digits: 4",
         "17: who calls the trunk's number dials nothing; leave one of both keys out"),
        ("frames_per_packet: 8", "frames_per_packet: 10\n    signalling: cas\n    variant: em_wink_e1",
         "12: 10 frames are no even part of a multiframe: 1, 2, 4, 8 or 16 with CAS"),
        ("frames_per_packet: 8", "frames_per_packet: 10\n    signalling: r2\n    variant: cn",
         "12: 10 frames are no even part of a multiframe: 1, 2, 4, 8 or 16 with R2"),
        ("d_channel: 16", "line: t3", "14: 't3' is not known here; known are: e1, t1"),
        ("d_channel: 16", "line: t1",
         "14: a T1 does not speak euroisdn; add profile: national, ni1, dms100, 4ess, 5ess, euroisdn-t1 or qsig"),
        ("d_channel: 16\n    profile: euroisdn", "line: t1\n    d_channel: 25\n    profile: national",
         "15: 25 is no timeslot of a T1: 1 to 24"),
        ("d_channel: 16\n    profile: euroisdn", "line: t1\n    d_channel: 31\n    profile: dms100",
         "15: 31 is no timeslot of a T1: 1 to 24"),
        ("d_channel: 16", "line: t1\n    signalling: r2\n    variant: cn",
         "14: R2 is spoken on E1s (Q.421); leave line: t1 out, or signalling: r2"),
        ("d_channel: 16", "clock_domain: 9", "14: 9 is out of range: 1 to 8"),
        ("d_channel: 16", "clock_priority: 0", "14: 0 is out of range: 1 to 8"),
        ("d_channel: 16", "clock_domain: 2\n    clock: local",
         "14: a far end that takes our clock (clock: local) has no domain of its own; leave the key out"),
        ("profile: euroisdn", "profile: nationl", "15: 'nationl' is not known here; did you mean 'national'?"),
        ("d_channel: 16", "channel_order: descend", "14: 'descend' is not known here; did you mean 'descending'?"),
        ("profile: euroisdn", "profile: 4ess\n    dnis_digits: 5",
         "16: profile 4ess has no overlap receiving: numbers come en bloc; leave the key out"),
        ("box: BR-0001", "box: br 1", "3: 'br 1' does not have the form [A-Z0-9][A-Z0-9-]{0,31}"),
        ("role: branch", "role: brunch", "2: role 'brunch' is unknown; did you mean 'branch'?"),
        ("driver: cesopsn", "driver: dahdy", "9: driver 'dahdy' is unknown; did you mean 'dahdi'?"),
        ("d_channel: 16", "crc4: yes", "14: key 'crc4' is for driver dahdi or ds26521; leave it out"),
        ("d_channel: 16", "card_span: 1", "14: key 'card_span' is for driver dahdi or dahdi-fxo; leave it out"),
        ("ring: [8001]", "ring: [8010]", "21: extension '8010' is not among the extensions; did you mean '8001'?"),
        ("listen: 127.0.0.1:5070", "listen: 127.0.0.1:5060",
         "18: port 5060 is already taken by Kamailio, where phones register"),
        ("listen: 127.0.0.1:5070", "listen: 127.0.0.1:65535",
         "18: port 65535 has none above it, where SIP is traced; take a lower one"),
        ("local: 127.0.0.1:9101", "local: 127.0.0.1:5071",
         "10: port 5071 is already taken by the trace of SIP, one above the SIP worker"),
        ("domain:", "codecs: [PCMA, G726-23], domain:", "18: 'G726-23' is not known here; did you mean 'G726-32'?"),
        ("domain:", "codecs: [PCMA, PCMA], domain:", "18: codec 'PCMA' is there twice"),
        ("domain: branch.test", "domain: 'x\"; loadmodule exec.so'",
         "18: 'x\"; loadmodule exec.so' does not have the form [A-Za-z0-9]"),
        ("domain:", "srtp: required, domain:", "18: 'required' is not known here; did you mean 'require'?"),
        ("domain:", "codecs: [], domain:", "18: no codec: a phone could not be spoken to"),
        ("domain:", "packet_ms: 30, domain:", "18: '30' is not known here; did you mean '20'? Known are: 5, 10, 20"),
        ("domain:", "packet_ms: 8, domain:", "18: '8' is not known here; did you mean '10'? Known are: 5, 10, 20"),
        ("domain:", "packet_ms: ten, domain:", "18: 'ten' is not known here; known are: 10, 20, 5"),
        ("local: 127.0.0.1:9101", "local: 0.0.0.0:5070", "10: port 5070 is already taken by the SIP worker"),
        ("rtp_base: 20000", "rtp_base: 8602", "6: port 8602 to 9113 is already taken by span 1 (telco)"),
        ("rtp_base: 20000", "rtp_base: 20001", "6: must be even: RTP on even ports, RTCP one above (RFC 3550 §11)"),
        ("directories: [prompts]", "directories: [sounds]", "/sounds is no folder; is the package with it installed?"),
    ],
)  # fmt: skip
def test_a_branch_with_one_mistake_is_refused(branch: Edit, before: str, after: str, told: str) -> None:
    found = sentences(branch(before, after))
    assert len(found) == 1
    assert told in found[0]


CARD = """\
  - name: carrier
    driver: dahdi
    card_span: 1
sip:"""


@pytest.mark.unit
def test_a_span_of_a_card_is_read(branch: Edit) -> None:
    box = load(branch("sip:", CARD))
    assert isinstance(box, Branch)
    assert box.spans[1] == DahdiSpan(name="carrier", card_span=1, crc4=None, code=None, clock="recovered")
    assert {listener.endpoint.port for listener in listeners(box)} == {5060, 5070, 5071, 9101, 20000}


T1 = "card_span: 1\n    line: t1"


@pytest.mark.unit
@pytest.mark.parametrize(
    ("keys", "d_channel_is"),
    [
        ("profile: national\n    framing: esf\n    code: b8zs\n    build_out: 5", 24),
        ("profile: qsig\n    code: ami\n    framing: d4\n    d_channel: 1", 1),
    ],
)
def test_a_t1_of_a_card_speaks_isdn(branch: Edit, keys: str, d_channel_is: int) -> None:
    box = load(branch("sip:", CARD.replace("card_span: 1", f"{T1}\n    {keys}")))
    assert isinstance(box, Branch)
    span = box.spans[1]
    assert isinstance(span, DahdiSpan)
    assert d_channel(span) == d_channel_is


@pytest.mark.unit
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("card_span: 1", "card_span: 129", "20: 129 is out of range: 1 to 128"),
        ("card_span: 1", "crc4: yes", "18: key 'card_span' is missing"),
        ("card_span: 1", "card_span: 1\n    code: b8zs", "21: b8zs is a T1's; add line: t1, or leave the key out"),
        ("card_span: 1", "card_span: 1\n    code: hdb2", "21: 'hdb2' is not known here; did you mean 'hdb3'?"),
        ("card_span: 1", "card_span: 1\n    framing: esf", "21: framing is a T1's; add line: t1, or leave the key out"),
        ("card_span: 1", "card_span: 1\n    build_out: 2",
         "21: build_out is a T1's; add line: t1, or leave the key out"),
        ("card_span: 1", f"{T1}\n    profile: qsig\n    crc4: no",
         "23: crc4 is an E1's; leave line: t1 out, or the key"),
        ("card_span: 1", f"{T1}\n    profile: qsig\n    code: hdb3",
         "23: hdb3 is an E1's; leave line: t1 out, or the key"),
        ("card_span: 1", f"{T1}\n    profile: qsig\n    build_out: 8", "23: 8 is out of range: 0 to 7"),
        ("card_span: 1", T1,
         "21: a T1 does not speak euroisdn; add profile: national, ni1, dms100, 4ess, 5ess, euroisdn-t1 or qsig"),
        ("card_span: 1", "card_span: 1\n    jitter_ms: 41", "21: 41 is out of range: 2 to 40"),
        ("card_span: 1", "card_span: 1\n    local: 127.0.0.1:9102",
         "21: key 'local' is for driver cesopsn; leave it out"),
        ("card_span: 1", "card_span: 1\n    frames_per_packet: 8",
         "21: key 'frames_per_packet' is for driver cesopsn; leave it out"),
        ("card_span: 1", "card_span: 1\n    signalling: r2",
         "21: R2 is a country's: add the key variant, one of ar, br, cn, co, cz, ec, id, itu, mx, ph, ve"),
        ("sip:", "  - {name: pbx, driver: dahdi, card_span: 1}\nsip:", "21: card's span '1' is there twice"),
    ],
)  # fmt: skip
def test_a_span_of_a_card_with_one_mistake_is_refused(branch: Edit, before: str, after: str, told: str) -> None:
    assert sentences(branch("sip:", CARD.replace(before, after))) == [told]


BOARD = """\
  - name: board
    driver: ds26521
    spi: /dev/spidev0.0
    sound_card: 2
sip:"""


@pytest.mark.unit
def test_a_span_behind_a_framer_is_read_and_set(branch: Edit) -> None:
    said = "reset: /dev/gpiochip0:5", "crc4: no", "impedance_ohm: 75", "jitter_ms: 20"
    keys = "\n    ".join(("sound_card: 2", *said, "signalling: r2", "variant: cn"))
    box = load(branch("sip:", BOARD.replace("sound_card: 2", keys)))
    assert isinstance(box, Branch)
    span = box.spans[1]
    assert isinstance(span, Ds26521Span)
    told = framers.settings(span, bits(span))
    assert told.framer == FramerSettings(framing="basic", signalling="cas", impedance_ohm=75)
    assert told.sound == TdmSettings(2, 0, wait_ms=20)
    assert told.reset is not None


@pytest.mark.unit
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("sound_card: 2", "sound_card: 32", "21: 32 is out of range: 0 to 31"),
        ("sound_card: 2", "sound_card: 2\n    impedance_ohm: 100",
         "22: '100' is not known here; did you mean '120'? Known are: 75, 120"),
        ("sound_card: 2", "sound_card: 2\n    line: t1\n    profile: qsig",
         "22: of these framers only E1s are served so far; leave the key out"),
        ("sound_card: 2", "sound_card: 2\n    clock: local",
         "22: this framer's clock is the line's; leave the key out"),
        ("sound_card: 2", "sound_card: 2\n    card_span: 1",
         "22: key 'card_span' is for driver dahdi or dahdi-fxo; leave it out"),
        ("sip:", "  - {name: pbx, driver: ds26521, spi: /dev/spidev0.0, sound_card: 3}\nsip:",
         "22: framer '/dev/spidev0.0' is there twice"),
    ],
)  # fmt: skip
def test_a_span_behind_a_framer_with_one_mistake_is_refused(branch: Edit, before: str, after: str, told: str) -> None:
    assert sentences(branch("sip:", BOARD.replace(before, after))) == [told]


TWO_SPANS = """
  - name: pbx
    driver: cesopsn
    local: 127.0.0.1:9102
    remote: 127.0.0.1:9002
    side: network
    clock: local
tandem: [{rules}]
sip:"""


def tandem(branch: Edit, *rules: str) -> Path:
    return branch("\nsip:", TWO_SPANS.format(rules=", ".join(f"{{{rule}}}" for rule in rules)))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (["span: telko, to: pbx"], "span 'telko' is not among the spans; did you mean 'telco'?"),
        (["span: telco, to: bpx"], "span 'bpx' is not among the spans; did you mean 'pbx'?"),
        (["span: telco, to: telco"], "calls of telco would go back where they come from"),
        (["span: telco, to: pbx"] * 2, "a rule for all numbers of span telco is there twice"),
        (["span: telco, to: pbx, numbers: [8, 8]"], "prefix '8' of span telco is there twice"),
        (["span: telco, to: pbx, numbers: [8], taken: [8]"], "prefix '8' of span telco is there twice"),
        (["span: telco, to: pbx, numbers: [80]", "span: pbx, to: telco, numbers: [8]"],
         "'8' goes from pbx to telco, and '80' back: a call would go round"),
        (["span: telco, to: pbx, numbers: [8x]"], "'8x' does not have the form [0-9*#+]{1,20}"),
    ],
)  # fmt: skip
def test_tandem_rules_that_cannot_be_meant_are_refused(branch: Edit, rules: list[str], told: str) -> None:
    (sentence,) = sentences(tandem(branch, *rules))
    assert sentence.endswith(told)


@pytest.mark.unit
def test_of_the_prefixes_of_a_number_the_longest_decides(branch: Edit) -> None:
    box = load(
        tandem(
            branch,
            "span: telco, to: pbx, numbers: [8, 80012], taken: [800, 95588]",
            "span: pbx, to: telco, taken: [95588]",
        )
    )
    assert isinstance(box, Branch)
    ways = {
        (span, dnis): getattr(way(box.tandem, span, dnis), "to", None)
        for span in ("telco", "pbx", None)
        for dnis in ("81", "8001", "800123", "95588", "12", "")
    }
    goes_on = {key: to for key, to in ways.items() if to is not None}
    assert goes_on == {
        ("telco", "81"): "pbx",
        ("telco", "800123"): "pbx",
        **{("pbx", dnis): "telco" for dnis in ("81", "8001", "800123", "12", "")},
    }


@pytest.mark.unit
def test_a_call_type_and_a_skill_group_have_service_levels_of_their_own(headquarters: Edit) -> None:
    box = load(headquarters("script: welcome}", "script: welcome, service_level_s: 30}"))
    assert isinstance(box, Headquarters)
    assert (box.call_types[0].service_level_s, box.skill_groups[0].service_level_s, box.short_call_s) == (30, 20, 5)
    box = load(headquarters("scripts: scripts", "scripts: scripts\nshort_call_s: 0"))
    assert isinstance(box, Headquarters)
    assert box.short_call_s == 0


@pytest.mark.unit
def test_a_record_in_postgresql_is_named_without_its_password(headquarters: Edit, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/record").write_text("correct horse\n")
    (tmp_path / "secrets/record").chmod(0o600)
    written = (
        "record: {url: postgresql://branchline@db.hq.example:5432/calls, secret: secrets/record}\nscripts: scripts"
    )
    path = headquarters("scripts: scripts", written)
    box = load(path)
    assert isinstance(box, Headquarters)
    assert box.record is not None
    assert (box.record.tls, box.record.secret) == ("verify-full", tmp_path / "secrets/record")
    (tmp_path / "secrets/record").chmod(0o640)
    assert sentences(path)[0].endswith(f"chmod 0600 {tmp_path}/secrets/record")
    (sentence,) = sentences(headquarters("scripts: scripts", written.replace("branchline@", "branchline:horse@")))
    assert "does not have the form postgresql://" in sentence


@pytest.mark.unit
def test_an_extension_that_is_there_twice_is_refused(branch: Edit) -> None:
    again = "  - {number: 8001, name: Agent Wu, secret: secrets/8001}\nroute:"
    assert sentences(branch("route:", again)) == ["21: extension '8001' is there twice"]


PEERS = """\
peers:
  - {box: BR-0002, proxy: 10.0.2.1:5060, domain: pudong.test, secret: secrets/8001}
  - {box: BR-0003, proxy: 10.0.3.1:5060, domain: pudong.test, secret: secrets/8001}
route:"""


@pytest.mark.unit
def test_peers_are_read_in_their_order(branch: Edit) -> None:
    box = load(branch("route:", PEERS))
    assert isinstance(box, Branch)
    assert [(peer.box, str(peer.proxy)) for peer in box.peers] == [
        ("BR-0002", "10.0.2.1:5060"),
        ("BR-0003", "10.0.3.1:5060"),
    ]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("BR-0002", "BR-0001", "22: BR-0001 is this box itself; a peer is another branch"),
        ("BR-0003", "BR-0002", "23: peer 'BR-0002' is there twice"),
        ("BR-0003", "8001", "23: '8001' is an extension too, and each is a SIP account"),
        ("10.0.3.1", "10.0.2.1", "23: proxy '10.0.2.1:5060' is there twice"),
        ("10.0.3.1", "127.0.0.1", "23: 127.0.0.1:5060 is this branch's own; name the peer's Kamailio"),
        ("10.0.3.1:5060", "127.0.0.1:5070", "23: 127.0.0.1:5070 is this branch's own; name the peer's Kamailio"),
        ("pudong.test", "'pu dong'", "22: 'pu dong' does not have the form"),
        ("secrets/8001", "secrets/peer", "secrets/peer cannot be read: No such file or directory"),
        (", secret: secrets/8001", "", "22: key 'secret' is missing"),
        ("proxy:", "proxi:", "22: key 'proxi' is unknown here; did you mean 'proxy'?"),
    ],
)
def test_peers_that_cannot_be_meant_are_refused(branch: Edit, before: str, after: str, told: str) -> None:
    (sentence,) = sentences(branch("route:", PEERS.replace(before, after, 1)))
    assert told in sentence


@pytest.mark.unit
def test_a_secret_that_others_can_read_is_refused_with_the_mend(branch: Edit, tmp_path: Path) -> None:
    path = branch("", "")
    (tmp_path / "secrets/8001").chmod(0o644)
    (sentence,) = sentences(path)
    assert sentence.endswith(f"has mode 0644, others can read it; chmod 0600 {tmp_path}/secrets/8001")


@pytest.mark.unit
def test_a_secret_that_is_not_there_or_not_one_line_is_refused(branch: Edit, tmp_path: Path) -> None:
    path = branch("", "")
    (tmp_path / "secrets/8001").write_text("two\nlines\n")
    assert sentences(path)[0].endswith("must hold one line")
    (tmp_path / "secrets/8001").unlink()
    assert sentences(path)[0].endswith("cannot be read: No such file or directory")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("agents: [1001]", "agents: [1010]", "10: agent '1010' is not among the agents; did you mean '1001'?"),
        ("script: welcome", "script: welcom", "has no welcom.yaml; did you mean 'welcome'?"),
        ("dnis: [95588]", "dnis: [95588, 95588]", "7: DNIS '95588' is there twice"),
        ("listen: 127.0.0.1:8095", "listen: 127.0.0.1:4222", "5: port 4222 is already taken by the message server"),
        ("scripts: scripts", "scripts: elsewhere", "elsewhere is no folder"),
        (
            "scripts: scripts",
            "scripts: scripts\nprecision_queues: [{name: card, steps: [{where: yes}]}]",
            "9: queue 'card' is there twice",
        ),
        ("8001}", "8001, attributes: {englsh: 8}}", "attribute 'englsh' is not declared; there is none to choose from"),
        (
            "agents:\n  - {",
            "attributes: {loans: yes-no}\nagents:\n  - {attributes: {loans: 8}, ",
            "13: loans is yes or no, not 8",
        ),
        (
            "agents:\n  - {",
            "attributes: {english: proficiency}\nagents:\n  - {attributes: {english: yes}, ",
            "13: english is 1 to 10, not yes",
        ),
        (
            "scripts: scripts",
            "scripts: scripts\nlookups: [{name: a, kind: database, url: 'sqlite://', query: DELETE FROM customer}]",
            "9: only a SELECT can be looked up",
        ),
        (
            "scripts: scripts",
            "scripts: scripts\nlookups: [{name: a, kind: http, url: 'host/x'}]",
            "9: 'host/x' is no address such as https://host/customer?number={number}",
        ),
        (
            "scripts: scripts",
            "scripts: scripts\nlookups: [{name: a, kind: http, url: 'http://h/x', body: {tries: nunber}}]",
            "9: 'nunber' is not known here; did you mean 'number'?",
        ),
        ("8001}", "8001, sign_in: by-hand}", "'by-hand' is not known here; known are: automatic, manual"),
        ("script: welcome}", "script: welcome, service_level_s: 0}", "7: 0 is out of range: 1 to 604800"),
        ("agents: [1001]}", "agents: [1001], service_level: 20}", "did you mean 'service_level_s'?"),
        ("scripts: scripts", "scripts: scripts\nshort_call_s: 61", "61 is out of range: 0 to 60"),
    ],
)
def test_a_headquarters_with_one_mistake_is_refused(headquarters: Edit, before: str, after: str, told: str) -> None:
    found = sentences(headquarters(before, after))
    assert len(found) == 1
    assert told in found[0]


@pytest.mark.system
@pytest.mark.timeout(20)
def test_a_process_given_the_wrong_role_ends_with_status_2(headquarters: Edit) -> None:
    program = "from appliance.config import Branch, load_or_exit; load_or_exit(Branch); print('started')"
    environment = {**os.environ, "BRANCHLINE_CONFIG": str(headquarters("", ""))}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "is of role headquarters, not branch" in ended.stderr


@pytest.mark.unit
def test_every_variant_of_r2_may_be_named() -> None:
    assert [name.upper() for name in get_args(R2Variant)] == names()


@pytest.mark.unit
def test_every_variant_of_cas_line_mode_and_tone_zone_may_be_named() -> None:
    assert sorted(get_args(CasVariant)) == cas.names()
    assert get_args(LineMode) == tuple(modes())
    assert get_args(ToneZone) == tuple(zones())


@pytest.mark.unit
@pytest.mark.parametrize(
    ("struct", "field", "words"),
    [
        (AnalogueLine, "hang_up", HangUp),
        (AnalogueLine, "answer", Answer),
        (AnalogueLine, "caller_id", CallerId),
        (AnalogueLine, "place", Place),
        (AnalogueLine, "dial_by", DialBy),
        (Trunk, "digits", Digits),
    ],
)
def test_every_way_of_a_line_may_be_named(struct: type, field: str, words: type[enum.StrEnum]) -> None:
    kind = get_type_hints(struct)[field]
    kind = get_args(kind)[0] if field == "hang_up" else kind
    assert sorted(set(get_args(kind)) - {"learn"}) == sorted(words)
