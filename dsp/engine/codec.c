/* SPDX-License-Identifier: GPL-2.0-only */
#include "codec.h"

#include <errno.h>

#include "rtp.h"

#define NARROW_HZ 8000
#define WIDE_HZ 16000
#define WIDE_MAX (2 * BL_CODEC_SAMPLES_MAX)
#define DYNAMIC_FIRST 96
#define TYPE_LAST 127

static const struct bl_resample_cfg up = {NARROW_HZ, WIDE_HZ}, down = {WIDE_HZ, NARROW_HZ};

/*
 * A frame has its copy in the next from complexity 2 and 24 kbit/s on; at 16 kbit/s, or below 2, 5 % of loss cost a
 * whole MOS. More complexity costs more time than it brings: 5 takes 1.4 times that of 2 for 0.03 MOS (PESQ).
 */
static const struct bl_opus_enc_cfg opus_speech = {
        .rate_hz = NARROW_HZ, .bit_rate = 24000, .complexity = 2, .loss_percent = 5, .fec = 1};
static const struct bl_opus_dec_cfg opus_sound = {.rate_hz = NARROW_HZ};

bool bl_codec_served(unsigned codec)
{
	return codec < BL_CODECS && (codec != BL_CODEC_OPUS || (bl_opus_enc_size() <= BL_CODEC_OPUS_ENC &&
	                                                        bl_opus_dec_size() <= BL_CODEC_OPUS_DEC));
}

bool bl_codec_packet_fits(unsigned codec, unsigned packet_ms)
{
	return packet_ms == 20 || packet_ms == 10 || (packet_ms == 5 && codec != BL_CODEC_OPUS);
}

bool bl_codec_type_fits(unsigned codec, unsigned payload_type)
{
	if (payload_type >= DYNAMIC_FIRST && payload_type <= TYPE_LAST)
		return true;
	return (codec == BL_CODEC_PCMA && payload_type == BL_RTP_PCMA) ||
	       (codec == BL_CODEC_PCMU && payload_type == BL_RTP_PCMU) ||
	       (codec == BL_CODEC_G722 && payload_type == BL_RTP_G722);
}

static unsigned g726_bits(unsigned codec)
{
	return 2 + codec - BL_CODEC_G726_16;
}

static struct bl_opus_enc *opus_enc(union bl_codec_state *s)
{
	return (struct bl_opus_enc *)(void *)s->opus.enc;
}

static struct bl_opus_dec *opus_dec(union bl_codec_state *s)
{
	return (struct bl_opus_dec *)(void *)s->opus.dec;
}

/* None of these can fail: all settings are such as the blocks take. */
void bl_codec_init(union bl_codec_state *s, unsigned codec)
{
	if (codec == BL_CODEC_G722) {
		(void)bl_g722_enc_init(&s->g722.enc);
		(void)bl_resample_init(&s->g722.up, &up);
	} else if (codec == BL_CODEC_OPUS) {
		(void)bl_opus_enc_init(opus_enc(s), &opus_speech);
	} else {
		struct bl_g726_cfg cfg = {g726_bits(codec) * NARROW_HZ, BL_G726_RFC3551};

		(void)bl_g726_init(&s->g726.enc, &cfg);
	}
	bl_codec_listen(s, codec);
}

void bl_codec_listen(union bl_codec_state *s, unsigned codec)
{
	if (codec == BL_CODEC_G722) {
		(void)bl_g722_dec_init(&s->g722.dec, NULL);
		(void)bl_resample_init(&s->g722.down, &down);
	} else if (codec == BL_CODEC_OPUS) {
		(void)bl_opus_dec_init(opus_dec(s), &opus_sound);
	} else {
		struct bl_g726_cfg cfg = {g726_bits(codec) * NARROW_HZ, BL_G726_RFC3551};

		(void)bl_g726_init(&s->g726.dec, &cfg);
	}
}

static int encode_g722(struct bl_codec_g722 *g, const int16_t *in, size_t n, uint8_t *out, size_t room)
{
	int16_t wide[WIDE_MAX];
	int made;

	if (n > BL_CODEC_SAMPLES_MAX || room < n)
		return -ENOBUFS;
	made = bl_resample_process(&g->up, in, wide, n);
	if (made < 0)
		return made;
	made = bl_g722_enc_process(&g->enc, wide, out, (size_t)made);
	return made < 0 ? made : (int)n;
}

static int encode_g726(struct bl_g726 *g, unsigned bits, const int16_t *in, size_t n, uint8_t *out, size_t room)
{
	size_t octets = n * bits / 8;
	int error = room < octets ? -ENOBUFS : bl_g726_encode(g, in, out, n);

	return error < 0 ? error : (int)octets;
}

int bl_codec_encode(union bl_codec_state *s, unsigned codec, const int16_t *in, size_t n, uint8_t *out, size_t room)
{
	if (codec == BL_CODEC_G722)
		return encode_g722(&s->g722, in, n, out, room);
	if (codec == BL_CODEC_OPUS)
		return bl_opus_enc_process(opus_enc(s), in, n, out, room);
	return encode_g726(&s->g726.enc, g726_bits(codec), in, n, out, room);
}

static int decode_g722(struct bl_codec_g722 *g, const uint8_t *in, size_t octets, int16_t *out)
{
	int16_t wide[WIDE_MAX];

	if (octets > BL_CODEC_SAMPLES_MAX)
		return -ENOBUFS;
	bl_g722_dec_process(&g->dec, in, wide, octets);
	return bl_resample_process(&g->down, wide, out, 2 * octets);
}

static int decode_g726(struct bl_g726 *g, unsigned bits, const uint8_t *in, size_t octets, int16_t *out)
{
	size_t n = octets * 8 / bits;

	if (octets * 8 % bits)
		return -EBADMSG;
	if (n > BL_CODEC_SAMPLES_MAX)
		return -ENOBUFS;
	return bl_g726_decode(g, in, out, n) < 0 ? -EBADMSG : (int)n;
}

int bl_codec_decode(union bl_codec_state *s, unsigned codec, const uint8_t *in, size_t octets, int16_t *out)
{
	if (codec == BL_CODEC_G722)
		return decode_g722(&s->g722, in, octets, out);
	if (codec == BL_CODEC_OPUS)
		return bl_opus_dec_process(opus_dec(s), in, octets, out, BL_CODEC_SAMPLES_MAX);
	return decode_g726(&s->g726.dec, g726_bits(codec), in, octets, out);
}

/* The last frame from the copy in the next packet, those before it by Opus' own guess. */
size_t bl_codec_restore(union bl_codec_state *s, unsigned codec, const uint8_t *next, size_t octets, int16_t *out,
                        size_t n)
{
	int frame = codec == BL_CODEC_OPUS ? bl_opus_samples(next, octets, NARROW_HZ) : 0;
	size_t copied = frame == 80 || frame == 160 ? (size_t)frame : 0; /* 10 or 20 ms */

	if (!copied || n > BL_CODEC_SAMPLES_MAX || n < copied)
		return 0;
	if (n > copied && bl_opus_dec_process(opus_dec(s), NULL, 0, out, n - copied) < 0)
		return 0;
	return bl_opus_dec_fec(opus_dec(s), next, octets, out + n - copied, copied) < 0 ? 0 : n;
}
