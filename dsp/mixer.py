# SPDX-License-Identifier: GPL-2.0-only
"""Conference mixer. What it does is told in dsp/include/mixer.h."""

from array import array
from collections.abc import Mapping

from dsp._core import ffi, lib
from dsp.state import Samples, check, new_state, samples

PARTIES = int(lib.BL_MIXER_PARTIES)


class Mixer:
    """Up to PARTIES parties, by number."""

    def __init__(self) -> None:
        self._memory, self._mixer = new_state("mixer")
        lib.bl_mixer_init(self._mixer)
        self._hears: set[int] = set()

    def set(self, party: int, *, speaks: bool, hears: bool) -> None:
        """What a party may do from now on; neither: it is gone. Raises: ValueError when there is no such party."""
        if not 0 <= party < PARTIES:
            raise ValueError(f"mixer: party {party}, 0 to {PARTIES - 1} are possible")
        lib.bl_mixer_set(self._mixer, party, speaks, hears)
        (self._hears.add if hears else self._hears.discard)(party)

    def process(self, sound: Mapping[int, Samples]) -> dict[int, "array[int]"]:
        """One tick of the parties that speak; returns what each party that hears gets.

        A party without sound says nothing. Raises: ValueError when the pieces are not of one length, a multiple of 8 up
        to 160 samples.
        """
        pieces = {party: samples(piece) for party, piece in sound.items()}
        lengths = {len(piece) for piece in pieces.values()}
        if len(lengths) != 1:
            raise ValueError(f"mixer: pieces of {sorted(lengths)} samples")
        (n,) = lengths
        heard = {party: array("h", bytes(2 * n)) for party in self._hears}
        rooms = {party: ffi.from_buffer("int16_t[]", room) for party, room in heard.items()}
        inputs = ffi.new("const int16_t *[]", [pieces.get(party, ffi.NULL) for party in range(PARTIES)])
        outputs = ffi.new("int16_t *[]", [rooms.get(party, ffi.NULL) for party in range(PARTIES)])
        check(lib.bl_mixer_process(self._mixer, inputs, outputs, n), f"mixer: {n} samples: a multiple of 8 up to 160")
        return heard

    @property
    def dominant(self) -> int | None:
        """The party that speaks loudest, or did last; None before anybody has spoken."""
        party = int(self._mixer.dominant)
        return None if party < 0 else party
