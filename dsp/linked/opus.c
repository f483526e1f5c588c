/* SPDX-License-Identifier: GPL-2.0-only */
#include "opus_codec.h"

#include <errno.h>
#include <opus/opus.h>
#include <string.h>

#define TICKS_MAX 48 /* of 2.5 ms: 120 ms */

/*
 * Where libopus lies in this process and how it is laid out: its states are good only there. Never 0. (Functions as
 * numbers: what POSIX lets dlsym do, and the only sign of a library that was built anew under the same version.)
 */
static uint64_t mark(void)
{
	const uint64_t places[] = {
	        (uintptr_t)opus_get_version_string(), (uintptr_t)&opus_encode,      (uintptr_t)&opus_encoder_init,
	        (uintptr_t)&opus_decoder_init,        (uintptr_t)&opus_encoder_ctl,
	};
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		sum = (sum ^ places[i]) * 1099511628211u;
	return sum | 1u;
}

static int is_rate(uint32_t rate_hz)
{
	return rate_hz == 8000 || rate_hz == 16000 || rate_hz == 48000;
}

static int is_frame(uint32_t rate_hz, size_t n)
{
	return n == rate_hz / 100 || n == rate_hz / 50;
}

static int of_opus(int code)
{
	switch (code) {
	case OPUS_BUFFER_TOO_SMALL:
		return -ENOBUFS;
	case OPUS_INVALID_PACKET:
		return -EBADMSG;
	default:
		return code < 0 ? -EINVAL : code;
	}
}

static OpusEncoder *encoder(struct bl_opus_enc *e)
{
	return (OpusEncoder *)(void *)e->state;
}

static OpusDecoder *decoder(struct bl_opus_dec *d)
{
	return (OpusDecoder *)(void *)d->state;
}

static int is_possible(const struct bl_opus_enc_cfg *cfg)
{
	return is_rate(cfg->rate_hz) && cfg->bit_rate >= 6000 && cfg->bit_rate <= 128000 && cfg->complexity <= 10 &&
	       cfg->loss_percent <= 100 && cfg->fec <= 1 && cfg->dtx <= 1;
}

static int apply(struct bl_opus_enc *e)
{
	OpusEncoder *opus = encoder(e);
	int refused = 0;

	refused |= opus_encoder_ctl(opus, OPUS_SET_BITRATE((opus_int32)e->cfg.bit_rate));
	refused |= opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY((opus_int32)e->cfg.complexity));
	refused |= opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC((opus_int32)e->cfg.loss_percent));
	refused |= opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC((opus_int32)e->cfg.fec));
	refused |= opus_encoder_ctl(opus, OPUS_SET_DTX((opus_int32)e->cfg.dtx));
	refused |= opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	return refused ? -EINVAL : 0;
}

/* From the settings in the head alone. */
static int make_encoder(struct bl_opus_enc *e)
{
	if (!is_possible(&e->cfg))
		return -EINVAL;
	e->mark = 0;
	if (opus_encoder_init(encoder(e), (opus_int32)e->cfg.rate_hz, 1, OPUS_APPLICATION_VOIP) || apply(e))
		return -EINVAL;
	e->mark = mark();
	return 0;
}

static int make_decoder(struct bl_opus_dec *d)
{
	if (!is_rate(d->cfg.rate_hz))
		return -EINVAL;
	d->mark = 0;
	if (opus_decoder_init(decoder(d), (opus_int32)d->cfg.rate_hz, 1))
		return -EINVAL;
	d->mark = mark();
	return 0;
}

size_t bl_opus_enc_size(void)
{
	return sizeof(struct bl_opus_enc) + (size_t)opus_encoder_get_size(1);
}

int bl_opus_enc_init(struct bl_opus_enc *e, const struct bl_opus_enc_cfg *cfg)
{
	if (!e || !cfg || !is_possible(cfg))
		return -EINVAL;
	memset(e, 0, bl_opus_enc_size());
	e->cfg = *cfg;
	return make_encoder(e);
}

int bl_opus_enc_set(struct bl_opus_enc *e, const struct bl_opus_enc_cfg *cfg)
{
	if (!e || !cfg || !is_possible(cfg) || cfg->rate_hz != e->cfg.rate_hz)
		return -EINVAL;
	if (e->mark != mark())
		return -ESTALE;
	e->cfg = *cfg;
	return apply(e);
}

void bl_opus_enc_reset(struct bl_opus_enc *e)
{
	if (!e)
		return;
	(void)make_encoder(e);
}

int bl_opus_enc_resume(struct bl_opus_enc *e)
{
	if (!e)
		return -EINVAL;
	if (e->mark == mark())
		return 0;
	return make_encoder(e) ? -EINVAL : 1;
}

int bl_opus_enc_delay(const struct bl_opus_enc *e)
{
	if (!e)
		return -EINVAL;
	/* The encoder's look-ahead beside the frame: 2.5 ms of the transform's overlap, 4 ms that align both coders. */
	return (int)(e->cfg.rate_hz / 400 + e->cfg.rate_hz / 250);
}

/* The mark is away while libopus works: who is killed meanwhile leaves a state that nobody takes for whole. */
int bl_opus_enc_process(struct bl_opus_enc *e, const int16_t *in, size_t n, uint8_t *out, size_t room)
{
	if (!e || !in || !out)
		return -EINVAL;

	int octets;

	if (!is_rate(e->cfg.rate_hz) || !is_frame(e->cfg.rate_hz, n))
		return -EINVAL;
	if (room < 3)
		return -ENOBUFS;
	if (e->mark != mark())
		return -ESTALE;
	__atomic_store_n(&e->mark, 0, __ATOMIC_SEQ_CST);
	octets = opus_encode(encoder(e), in, (int)n, out,
	                     room < BL_OPUS_PACKET_MAX ? (opus_int32)room : BL_OPUS_PACKET_MAX);
	__atomic_store_n(&e->mark, mark(), __ATOMIC_SEQ_CST);
	return octets >= 0 && octets <= 2 ? 0 : of_opus(octets);
}

size_t bl_opus_dec_size(void)
{
	return sizeof(struct bl_opus_dec) + (size_t)opus_decoder_get_size(1);
}

int bl_opus_dec_init(struct bl_opus_dec *d, const struct bl_opus_dec_cfg *cfg)
{
	if (!d || !cfg || !is_rate(cfg->rate_hz))
		return -EINVAL;
	memset(d, 0, bl_opus_dec_size());
	d->cfg = *cfg;
	return make_decoder(d);
}

void bl_opus_dec_reset(struct bl_opus_dec *d)
{
	if (!d)
		return;
	(void)make_decoder(d);
}

int bl_opus_dec_resume(struct bl_opus_dec *d)
{
	if (!d)
		return -EINVAL;
	if (d->mark == mark())
		return 0;
	return make_decoder(d) ? -EINVAL : 1;
}

static int decode(struct bl_opus_dec *d, const uint8_t *in, size_t octets, int16_t *out, size_t n, int fec)
{
	int made;

	if (d->mark != mark())
		return -ESTALE;
	__atomic_store_n(&d->mark, 0, __ATOMIC_SEQ_CST);
	made = opus_decode(decoder(d), in, (opus_int32)octets, out, (int)n, fec);
	__atomic_store_n(&d->mark, mark(), __ATOMIC_SEQ_CST);
	return of_opus(made);
}

int bl_opus_dec_process(struct bl_opus_dec *d, const uint8_t *in, size_t octets, int16_t *out, size_t n)
{
	if (!d || !out)
		return -EINVAL;
	if (!is_rate(d->cfg.rate_hz))
		return -EINVAL;
	n = n < BL_OPUS_SAMPLES_MAX ? n : BL_OPUS_SAMPLES_MAX;
	if (!in) {
		size_t tick = d->cfg.rate_hz / 400;

		if (n == 0 || n % tick || n / tick > TICKS_MAX)
			return -EINVAL;
		return decode(d, NULL, 0, out, n, 0);
	}
	if (octets == 0 || octets > INT32_MAX)
		return -EBADMSG;
	return n ? decode(d, in, octets, out, n, 0) : -ENOBUFS;
}

int bl_opus_dec_fec(struct bl_opus_dec *d, const uint8_t *in, size_t octets, int16_t *out, size_t n)
{
	if (!d || !in || !out)
		return -EINVAL;
	if (!is_rate(d->cfg.rate_hz) || !is_frame(d->cfg.rate_hz, n))
		return -EINVAL;
	if (octets == 0 || octets > INT32_MAX)
		return -EBADMSG;
	return decode(d, in, octets, out, n, 1);
}

int bl_opus_samples(const uint8_t *in, size_t octets, uint32_t rate_hz)
{
	if (!in)
		return -EINVAL;
	if (!is_rate(rate_hz))
		return -EINVAL;
	if (octets == 0 || octets > INT32_MAX)
		return -EBADMSG;
	return of_opus(opus_packet_get_nb_samples(in, (opus_int32)octets, (opus_int32)rate_hz));
}
