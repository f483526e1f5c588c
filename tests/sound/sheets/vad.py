# SPDX-License-Identifier: GPL-2.0-only
"""Voice activity: missed speech against false alarms, ours over its margin, WebRTC's in four modes, by noise."""

from pathlib import Path

import numpy as np
import webrtcvad
from matplotlib import pyplot as plt

from dsp.vad import Vad
from tests.sound.alaw import Linear
from tests.sound.noisy import KINDS, SNRS_DB, VOICES, Flags, Talk, mixed, noise, prompts, synthetic, talk

MARGINS_DB = (-6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0, 9.0, 12.0)
SECONDS = 20


def _webrtc(sound: Linear, mode: int) -> Flags:
    detector, octets = webrtcvad.Vad(mode), sound.tobytes()
    return np.array([detector.is_speech(octets[at : at + 320], 8000) for at in range(0, len(octets), 320)])


def _rates(flags: list[Flags], talks: list[Talk]) -> tuple[float, float]:
    """Per cent of speech that was missed, and of pauses that were taken for speech."""
    speech = np.concatenate([clean.speech for clean in talks])
    judged = np.concatenate([clean.judged for clean in talks])
    flag = np.concatenate(flags)
    return 100 * float(np.mean(~flag[speech])), 100 * float(np.mean(flag[judged & ~speech]))


def draw(folder: Path) -> list[Path]:
    """One panel an SNR. Prints our point at the usual margin beside the best mode of WebRTC's."""
    spoken = prompts()
    talks = [talk(spoken, 700 + number, SECONDS) for number in range(4)]
    talks += [talk([synthetic(voice)], 704 + number, SECONDS) for number, voice in enumerate(VOICES)]
    figure, panels = plt.subplots(1, len(SNRS_DB), figsize=(16, 5), layout="constrained", sharey=True)
    for panel, snr in zip(panels, SNRS_DB, strict=True):
        for kind in KINDS:
            disturbances = [noise(kind, len(clean.sound), spoken, number) for number, clean in enumerate(talks)]
            sounds = [mixed(clean, what, snr, -22) for clean, what in zip(talks, disturbances, strict=True)]
            curve = [
                _rates([np.array(Vad(margin_db=margin).frames(sound.tobytes())) for sound in sounds], talks)
                for margin in MARGINS_DB
            ]
            modes = [_rates([_webrtc(sound, mode) for sound in sounds], talks) for mode in range(4)]
            (line,) = panel.plot(*np.array(curve).T[::-1], ".-", label=f"ours, {kind}")
            panel.plot(*np.array(modes).T[::-1], "x", color=line.get_color(), label=f"WebRTC, {kind}")
            missed, false = curve[MARGINS_DB.index(0.0)]
            best = min(modes, key=sum)
            told = f"missed {missed:.1f} %, false {false:.1f} %; WebRTC's best {best[0]:.1f} %, {best[1]:.1f} %"
            print(f"   SNR {snr} dB, {kind}: {told}")
        panel.set(xlabel="pauses taken for speech, %", title=f"SNR {snr} dB", xlim=(0, 60), ylim=(0, 40))
        panel.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("speech missed, %")
    panels[0].legend(fontsize=8)
    path = folder / "vad.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return [path]
