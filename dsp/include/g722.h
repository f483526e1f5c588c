/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G.722: 7 kHz sound at 64 kbit/s, sub-band ADPCM. Encoder of 64 kbit/s, decoder of 64, 56 and 48.
 *
 * Two samples of 16 kHz make one octet: a quadrature mirror filter of 24 taps splits them into two bands of 8 kHz, the
 * lower has 6 bits (bits 0 to 5 of the octet), the upper 2 (bits 6 and 7). Modes 2 and 3 (56 and 48 kbit/s) are the
 * same octets whose one or two least significant bits carry data; the decoder leaves them alone and loses 1 to 2 dB.
 * RTP calls it G722 with a clock of 8 kHz (RFC 3551 §4.5.2): one octet is one tick of that clock.
 *
 * Bit-exact to the fixed point of G.722 clauses 5 and 6, with its limits at overload: the bands are
 * cut off at 15 bits before coding, the output at 16, every sum of the predictors saturates by itself. One way through
 * encoder and decoder takes 22 samples, 1.375 ms. Sound is full scale in, full scale out: 3.14 dBm0 of G.711 stays so.
 *
 * Octets that no encoder sends are decoded as the clauses say. process_many works on 16 channels at a time with AVX2, 8
 * with NEON, and pays from two channels on; the result is the same, bit for bit, as one by one. A channel may stand
 * in it once.
 */
#ifndef BL_G722_H
#define BL_G722_H

#include <stddef.h>
#include <stdint.h>

/* One band's adaptive quantizer and predictor, in the words of the clauses; three times eight, as the lanes load them.
 */
struct bl_g722_band {
	int16_t nb;  /* logarithm of the scale factor, 11 bits of fraction */
	int16_t det; /* scale factor */
	int16_t s;   /* signal estimate */
	int16_t sz;  /* the zero section's part of it */
	int16_t a[2], p[2];
	int16_t b[6], r, unused;
	int16_t d[6], unused_too[2];
};

struct bl_g722_enc {
	struct bl_g722_band band[2]; /* lower, upper */
	int16_t x[24];               /* the filter's past, 22 samples */
};

struct bl_g722_dec {
	struct bl_g722_band band[2];
	int16_t x[24]; /* the filter's past, 11 pairs of the bands' sum and difference */
	uint16_t mode; /* 1 to 3 */
	uint16_t unused[7];
};

struct bl_g722_dec_cfg {
	uint32_t bit_rate; /* 64000, 56000, 48000 */
};

size_t bl_g722_enc_size(void);
int bl_g722_enc_init(struct bl_g722_enc *e);
void bl_g722_enc_reset(struct bl_g722_enc *e);
/* n samples of 16 kHz, an even number, else -EINVAL, to n / 2 octets. */
int bl_g722_enc_process(struct bl_g722_enc *e, const int16_t *in, uint8_t *out, size_t n);
int bl_g722_enc_process_many(struct bl_g722_enc *const e[], const int16_t *const in[], uint8_t *const out[], size_t n,
                             size_t channels);

size_t bl_g722_dec_size(void);
/* NULL: 64 kbit/s. -EINVAL for another rate than the three. */
int bl_g722_dec_init(struct bl_g722_dec *d, const struct bl_g722_dec_cfg *cfg);
void bl_g722_dec_reset(struct bl_g722_dec *d);
/* n octets to 2 n samples. */
void bl_g722_dec_process(struct bl_g722_dec *d, const uint8_t *in, int16_t *out, size_t n);
void bl_g722_dec_process_many(struct bl_g722_dec *const d[], const uint8_t *const in[], int16_t *const out[], size_t n,
                              size_t channels);

#endif
