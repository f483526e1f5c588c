/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opus (RFC 6716) by libopus: mono at 8, 16 or 48 kHz in frames of 10 or 20 ms, for speech (RFC 7587 says how RTP
 * carries it: its clock is 48 kHz whatever the rate here).
 *
 * All memory is the caller's: a head of ours and libopus's state behind it, bl_opus_*_size() octets, aligned to 8.
 * Nothing is allocated, neither at init nor later; a call takes up to 50 kB of stack.
 *
 * libopus keeps pointers in its state: to its own constant tables (modes, codebooks, resampler coefficients), none into
 * the state itself. So memcpy moves a state within a process, but a state in shared memory does not outlive the
 * process: in the next one libopus lies elsewhere. Nor may a state be used in whose midst a process was killed. Both
 * are seen by a mark in the head: process then returns -ESTALE and touches nothing, until resume has made the state
 * anew with its settings. Anew costs an encoder's stream one frame; a decoder
 * loses one and finds back over three more, of which the difference lies 10, 15 and 20 dB below the sound.
 *
 * In-band FEC carries a coarse copy of a frame in the next one when loss_percent says that it pays and the bit rate
 * allows (from about 12 kbit/s at 8 kHz, 16 at 16, 22 at 48); bl_opus_dec_fec decodes it. With DTX a silent frame is
 * not sent (0 octets) but for one in 400 ms. Delay: 6.5 ms beside the frame (4 ms of it the encoder's look-ahead at 48
 * kHz; bl_opus_enc_delay tells the samples).
 */
#ifndef BL_OPUS_CODEC_H
#define BL_OPUS_CODEC_H

#include <stddef.h>
#include <stdint.h>

#define BL_OPUS_PACKET_MAX 1276  /* one frame, with its head; RFC 6716 §3.2 */
#define BL_OPUS_SAMPLES_MAX 5760 /* of a packet: 120 ms at 48 kHz */

struct bl_opus_enc_cfg {
	uint32_t rate_hz;      /* 8000, 16000, 48000 */
	uint32_t bit_rate;     /* 6000 to 128000, of speech; less in pauses */
	uint32_t complexity;   /* 0 to 10 */
	uint32_t loss_percent; /* expected, 0 to 100: makes the stream sturdier */
	uint32_t fec, dtx;     /* 0 or 1 */
};

struct bl_opus_dec_cfg {
	uint32_t rate_hz; /* 8000, 16000, 48000 */
};

struct bl_opus_enc {
	struct bl_opus_enc_cfg cfg;
	uint64_t mark; /* of the libopus that made the state; 0 while it is at work */
	_Alignas(8) uint8_t state[];
};

struct bl_opus_dec {
	struct bl_opus_dec_cfg cfg;
	uint64_t mark;
	_Alignas(8) uint8_t state[];
};

size_t bl_opus_enc_size(void);
/* -EINVAL for a setting out of range. */
int bl_opus_enc_init(struct bl_opus_enc *e, const struct bl_opus_enc_cfg *cfg);
/* Other settings from the next frame on; the rate must stay, else -EINVAL. */
int bl_opus_enc_set(struct bl_opus_enc *e, const struct bl_opus_enc_cfg *cfg);
void bl_opus_enc_reset(struct bl_opus_enc *e);
/* For a state of another process: 1: made anew, 0: it was in order, -EINVAL: it never was a state. */
int bl_opus_enc_resume(struct bl_opus_enc *e);
/* Samples by which what is decoded lags behind, the frame not counted. */
int bl_opus_enc_delay(const struct bl_opus_enc *e);
/*
 * n samples, 10 or 20 ms, into `room` octets: returns the packet's, 0: nothing is to be sent. -EINVAL for another n,
 * -ENOBUFS for less than 3 octets of room; a small room makes the packet small.
 */
int bl_opus_enc_process(struct bl_opus_enc *e, const int16_t *in, size_t n, uint8_t *out, size_t room);

size_t bl_opus_dec_size(void);
int bl_opus_dec_init(struct bl_opus_dec *d, const struct bl_opus_dec_cfg *cfg);
void bl_opus_dec_reset(struct bl_opus_dec *d);
int bl_opus_dec_resume(struct bl_opus_dec *d);
/*
 * A packet into at most n samples: returns how many it had. -EBADMSG for one that is none, -ENOBUFS when it has more.
 * NULL: it was lost, n samples (a multiple of 2.5 ms up to 120 ms, else -EINVAL) take its place.
 */
int bl_opus_dec_process(struct bl_opus_dec *d, const uint8_t *in, size_t octets, int16_t *out, size_t n);
/* A lost packet of n samples (10 or 20 ms) from what the next one, `in`, says of it; concealed where it says nothing.
 */
int bl_opus_dec_fec(struct bl_opus_dec *d, const uint8_t *in, size_t octets, int16_t *out, size_t n);
/* Samples of a packet at this rate, or -EBADMSG. */
int bl_opus_samples(const uint8_t *in, size_t octets, uint32_t rate_hz);

#endif
