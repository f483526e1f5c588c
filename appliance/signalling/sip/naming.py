# SPDX-License-Identifier: GPL-2.0-only
"""Names of codecs for pjsua, which agrees on nothing that its library has no codec for.

Sound never passes through pjsua: what it believes to speak is A-law, whatever was agreed on. So each name that it
lacks is entered in its codec manager twice. The one is what it finds capable of an offer; the other, found first by
the name because its id only begins with that, stands for PCMA when a stream is made. G.722, which it has, is of 8 kHz
there, for it has no resampler; it looks that up for number 9 only where no rtpmap names it.

pjsua2 has no call for any of that: the C functions are those inside its own extension module, and every word of theirs
is checked by what it answers. Spec: pjmedia/codec.h of pjproject 2.17.
"""

import sys
from collections.abc import Sequence
from typing import Any

import pjsua2 as pj  # noqa: F401 - brings _pjsua2
from cffi import FFI

from appliance.media.events import Codec as Coding
from appliance.signalling.sip.codings import NAMED, Named

_AUDIO = 1  # PJMEDIA_TYPE_AUDIO
_UNSUPPORTED = 220080  # PJMEDIA_CODEC_EUNSUP
_CAPABLE, _FIRST = 200, 255  # priorities
_DECLARED = """
typedef struct { char *ptr; ptrdiff_t slen; } pj_str_t;
typedef struct {
    int type; unsigned pt; pj_str_t encoding_name; unsigned clock_rate; unsigned channel_cnt;
} pjmedia_codec_info;
typedef struct pjmedia_codec_factory pjmedia_codec_factory;
typedef struct {
    int (*test_alloc)(pjmedia_codec_factory *, const pjmedia_codec_info *);
    int (*default_attr)(pjmedia_codec_factory *, const pjmedia_codec_info *, void *param);
    int (*enum_info)(pjmedia_codec_factory *, unsigned *count, pjmedia_codec_info *);
    int (*alloc_codec)(pjmedia_codec_factory *, const pjmedia_codec_info *, void **codec);
    int (*dealloc_codec)(pjmedia_codec_factory *, void *codec);
    int (*destroy)(void);
} pjmedia_codec_factory_op;
struct pjmedia_codec_factory { void *prev, *next, *data; pjmedia_codec_factory_op *op; };
void *pjsua_get_pjmedia_endpt(void);
void *pjmedia_endpt_get_codec_mgr(void *);
int pjmedia_codec_mgr_register_factory(void *, pjmedia_codec_factory *);
int pjmedia_codec_mgr_find_codecs_by_id(
    void *, const pj_str_t *, unsigned *count, pjmedia_codec_info *found[], unsigned *priorities);
int pjmedia_codec_mgr_get_codec_info(void *, unsigned pt, pjmedia_codec_info **);
int pjmedia_codec_mgr_get_default_param(void *, const pjmedia_codec_info *, void *param);
int pjmedia_codec_mgr_set_codec_priority(void *, const pj_str_t *, unsigned char);
"""


class NamingError(Exception):
    """pjsua took no name: this pjproject is another than the one that this was written for."""


class Names:
    """Entered when made; to be kept as long as pjsua runs."""

    def __init__(self, codings: Sequence[Coding]) -> None:
        """After libInit, in its thread. Raises NamingError."""
        ffi: Any = FFI()
        ffi.cdef(_DECLARED)
        self._ffi, self._library = ffi, ffi.dlopen(sys.modules["_pjsua2"].__file__)
        self._manager = self._library.pjmedia_endpt_get_codec_mgr(self._library.pjsua_get_pjmedia_endpt())
        self._named = [NAMED[coding] for coding in codings]
        self._texts: dict[str, Any] = {}
        self._op = ffi.new("pjmedia_codec_factory_op *", self._operations())
        self._factory = ffi.new("pjmedia_codec_factory *", {"op": self._op})
        self._done(self._library.pjmedia_codec_mgr_register_factory(self._manager, self._factory))
        law = self._known(NAMED[Coding.PCMA])
        for named in self._named:
            self._stand_for(law, named)
        self._known(NAMED[Coding.G722]).clock_rate = NAMED[Coding.G722].clock_hz

    def _operations(self) -> dict[str, Any]:
        """Of a factory that makes no codec: the streams are of PCMA's."""
        kinds = self._ffi.typeof("pjmedia_codec_factory_op").fields
        does: dict[str, Any] = {name: lambda *_: _UNSUPPORTED for name, _ in kinds}
        does |= {"default_attr": self._describe, "enum_info": self._enumerate, "destroy": lambda: 0}
        does["test_alloc"] = lambda _, info: 0 if self._is_ours(info) else _UNSUPPORTED
        self._kept = {name: self._ffi.callback(field.type, does[name]) for name, field in kinds}
        return self._kept

    def _is_ours(self, info: Any) -> bool:
        name = self._ffi.string(info.encoding_name.ptr, info.encoding_name.slen).decode()
        return any(named.is_called(f"{name}/") for named in self._named)

    def _describe(self, _: Any, __: Any, param: Any) -> int:
        law = self._known(NAMED[Coding.PCMA])
        return int(self._library.pjmedia_codec_mgr_get_default_param(self._manager, law, param))

    def _enumerate(self, _: Any, count: Any, infos: Any) -> int:
        entries = [(named, channels) for named in self._named for channels in _both(named)]
        for info, (named, channels) in zip(infos[0 : len(entries)], entries, strict=True):
            name, hz = named.rtpmap.split("/")[:2]
            info.type, info.pt, info.encoding_name = _AUDIO, named.number, self._text(name)
            info.clock_rate, info.channel_cnt = int(hz), channels
        count[0] = len(entries)
        return 0

    def _stand_for(self, law: Any, named: Named) -> None:
        name, hz = named.rtpmap.split("/")[:2]
        capable, first = (self._ffi.new("pj_str_t *", self._text(f"{name}/{hz}/{n}")) for n in _both(named))
        prefer = self._library.pjmedia_codec_mgr_set_codec_priority
        self._done(prefer(self._manager, capable, _CAPABLE))  # of both: the one id begins with the other
        self._done(prefer(self._manager, first, _FIRST))
        count, found = self._ffi.new("unsigned *", 1), self._ffi.new("pjmedia_codec_info *[1]")
        find = self._library.pjmedia_codec_mgr_find_codecs_by_id
        self._done(find(self._manager, first, count, found, self._ffi.NULL))
        self._ffi.memmove(found[0], law, self._ffi.sizeof("pjmedia_codec_info"))

    def _known(self, named: Named) -> Any:
        """What stands in the codec manager for a static number."""
        found = self._ffi.new("pjmedia_codec_info *[1]")
        self._done(self._library.pjmedia_codec_mgr_get_codec_info(self._manager, named.number, found))
        return found[0]

    def _text(self, text: str) -> dict[str, Any]:
        self._texts.setdefault(text, self._ffi.new("char[]", text.encode()))
        return {"ptr": self._texts[text], "slen": len(text)}

    def _done(self, status: int) -> None:
        if status:
            raise NamingError(f"pjproject answers {status}")


def _both(named: Named) -> tuple[int, int]:
    """Channels of the two entries: 1 and 11, or 2 and 22."""
    channels = int(*named.rtpmap.split("/")[2:] or (1,))
    return channels, 11 * channels
