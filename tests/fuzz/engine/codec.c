/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets of any length and content into every codec of RTP ports, packets of any room out of it. */
#include "codec.h"

#include "../fuzz.h"

#define LONGEST 1600

static void decode(struct fuzz *f, union bl_codec_state *s, unsigned codec)
{
	size_t n = fuzz_choice(f, 4) ? fuzz_choice(f, 256) : fuzz_below(f, LONGEST);
	uint32_t gap = fuzz_choice(f, 4) ? 80 * fuzz_choice(f, 8) : fuzz_below(f, LONGEST);
	uint8_t *octets = fuzz_octets(f, &n);
	int16_t *sound = fuzz_room(BL_CODEC_SAMPLES_MAX * sizeof *sound);
	size_t restored = 0;

	if (gap)
		restored = bl_codec_restore(s, codec, octets, n, sound, gap);
	if ((restored && restored != gap) || bl_codec_decode(s, codec, octets, n, sound) > BL_CODEC_SAMPLES_MAX)
		abort();
	free(sound);
	free(octets);
}

static void encode(struct fuzz *f, union bl_codec_state *s, unsigned codec)
{
	size_t n = fuzz_choice(f, 4) ? 40u << fuzz_choice(f, 3) : fuzz_below(f, LONGEST);
	size_t room = fuzz_choice(f, 4) ? 160 : fuzz_below(f, LONGEST);
	int16_t *sound = fuzz_sound(f, n);
	uint8_t *octets = fuzz_room(room);

	if (bl_codec_encode(s, codec, sound, n, octets, room) > (int)room)
		abort();
	free(octets);
	free(sound);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	unsigned codec = BL_CODEC_G722 + fuzz_choice(&f, BL_CODECS - BL_CODEC_G722);
	union bl_codec_state *s = fuzz_room(sizeof *s);

	if (!bl_codec_served(codec) || bl_codec_served(BL_CODECS) || bl_codec_type_fits(codec, 128))
		abort();
	bl_codec_init(s, codec);
	while (f.left) {
		uint32_t what = fuzz_choice(&f, 16);

		if (what == 15)
			bl_codec_listen(s, codec);
		else
			(what & 1 ? encode : decode)(&f, s, codec);
	}
	free(s);
	return 0;
}
