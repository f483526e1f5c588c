/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "opus_codec.h"

static uint32_t any_rate(struct fuzz *f)
{
	static const uint32_t rates[] = {8000, 16000, 48000, 44100};

	return rates[fuzz_below(f, 4)];
}

/* A packet as it falls, or the last one that was made with an octet of it changed. */
static void hear(struct fuzz *f, struct bl_opus_dec *d, const uint8_t *made, int octets)
{
	size_t n = fuzz_below(f, BL_OPUS_SAMPLES_MAX + 2), length = fuzz_below(f, 200);
	uint8_t *packet;
	int16_t *out = fuzz_room(n * sizeof *out);

	if (octets > 0 && fuzz_below(f, 2)) {
		packet = fuzz_room((size_t)octets);
		memcpy(packet, made, (size_t)octets);
		packet[fuzz_below(f, (uint32_t)octets)] ^= (uint8_t)fuzz_below(f, 256);
		length = (size_t)octets;
	} else {
		packet = fuzz_octets(f, &length);
	}
	switch (fuzz_below(f, 3)) {
	case 0:
		(void)bl_opus_dec_process(d, packet, length, out, n);
		break;
	case 1:
		(void)bl_opus_dec_process(d, NULL, 0, out, n);
		break;
	default:
		(void)bl_opus_dec_fec(d, packet, length, out, n);
	}
	(void)bl_opus_samples(packet, length, any_rate(f));
	free(packet);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_opus_enc *e = fuzz_room(bl_opus_enc_size());
	struct bl_opus_dec *d = fuzz_room(bl_opus_dec_size());
	struct bl_opus_dec_cfg dec = {any_rate(&f)};
	struct bl_opus_enc_cfg enc = {any_rate(&f),        fuzz_below(&f, 130000), fuzz_below(&f, 12),
	                              fuzz_below(&f, 102), fuzz_below(&f, 3),      fuzz_below(&f, 3)};
	uint8_t made[BL_OPUS_PACKET_MAX];

	(void)bl_opus_enc_init(e, &enc);
	(void)bl_opus_dec_init(d, &dec);
	for (int frames = 0; f.left && frames < 12; frames++) {
		size_t length = enc.rate_hz / (fuzz_below(&f, 9) ? 50 : 101), room = fuzz_below(&f, BL_OPUS_PACKET_MAX);
		int16_t *sound = fuzz_sound(&f, length);
		int octets = bl_opus_enc_process(e, sound, length, made, room);

		hear(&f, d, made, octets);
		if (!fuzz_below(&f, 5))
			(void)bl_opus_enc_set(e, &enc);
		free(sound);
	}
	free(e);
	free(d);
	return 0;
}
