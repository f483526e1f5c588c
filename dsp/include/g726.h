/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G.726: ADPCM of 8 kHz sound at 16, 24, 32 and 40 kbit/s: 2 to 5 bits a sample.
 *
 * Bit-exact to G.726 clause 4.2 with the uniform PCM of annex A: the 16-bit sample without its two lowest bits is the
 * 14-bit input (rounded down), the output is limited to 14 bits (LIMO) and shifted back. A-law and mu-law sound is
 * decoded before and coded behind it; the synchronous coding adjustment of clause 4.2.8, which keeps chains of A-law
 * and G.726 from adding noise, is not made.
 *
 * Codes are packed in either of two ways: RFC 3551 §4.5.4, the first code in the least significant bits (G726-16 to
 * -40), or that of ITU-T I.366.2 annex E, the first code in the most significant bits (AAL2-G726-16 to -40). A number
 * of samples must fill whole octets: multiples of 8 always do, 32 kbit/s needs 2, 16 kbit/s 4.
 *
 * There is no delay. process_many puts channels of one rate together and works on 16 at a time with AVX2, 8 with NEON;
 * the result is the same, bit for bit, as one by one. Channels of different rates and packings may be mixed; a channel
 * may stand in it once.
 */
#ifndef BL_G726_H
#define BL_G726_H

#include <stddef.h>
#include <stdint.h>

enum bl_g726_packing { BL_G726_RFC3551, BL_G726_AAL2 };

/* Encoder and decoder alike; names are the sub-blocks' signals. Words in eights, as the lanes load them. */
struct bl_g726 {
	int16_t yu;       /* fast scale factor, 9 bits of fraction */
	int16_t yl[2];    /* slow one: its upper 13 bits, its lower 6 */
	int16_t dms, dml; /* averages of F */
	int16_t ap;       /* adaptation speed, 8 bits of fraction */
	int16_t td;       /* -1: a tone was detected */
	int16_t pk[2];    /* signs, -1: negative */
	int16_t a[2];     /* pole coefficients, 14 bits of fraction */
	int16_t sr[2];    /* past signal: 6 bits of mantissa, sign in bit 15 */
	int16_t sr_exp[2];
	int16_t unused;
	int16_t b[6], unused_b[2];   /* zero coefficients */
	int16_t dq[6], unused_dq[2]; /* past differences */
	int16_t dq_exp[6], unused_exp[2];
	uint16_t rate;    /* bits a code, less 2 */
	uint16_t packing; /* of enum bl_g726_packing */
	uint16_t unused_end[6];
};

struct bl_g726_cfg {
	uint32_t bit_rate; /* 16000, 24000, 32000, 40000 */
	uint32_t packing;  /* of enum bl_g726_packing */
};

size_t bl_g726_size(void);
/* -EINVAL for another rate or packing. One state serves one direction. */
int bl_g726_init(struct bl_g726 *g, const struct bl_g726_cfg *cfg);
void bl_g726_reset(struct bl_g726 *g);
/* n samples to or from n * bits / 8 octets; -EINVAL where these are not whole. */
int bl_g726_encode(struct bl_g726 *g, const int16_t *in, uint8_t *out, size_t n);
int bl_g726_decode(struct bl_g726 *g, const uint8_t *in, int16_t *out, size_t n);
/* -EINVAL for n that is no multiple of 8. */
int bl_g726_encode_many(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n,
                        size_t channels);
int bl_g726_decode_many(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n,
                        size_t channels);

#endif
