/* SPDX-License-Identifier: GPL-2.0-only */
/* FSK receiver. See fsk.h for how it decides. */
#include "fsk.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "dbm0.h"
#include "fsk_tables.h"
#include "fsk_vector.h"
#include "isa.h"

#define SOFT (BL_FSK_BEHIND + BL_FSK_HOP)
#define SEEN_FROM (SOFT - 64) /* soft bit of the lowest bit of `spaces` */
#define PAST (BL_FSK_TAPS - 1)
#define MARK_SAMPLES (BL_FSK_MARK_BITS * 20 / 3)
#define MARK_MOST 100000u /* samples */
#define EARLIEST 5u       /* samples that a start bit may lie before its sign */
#define LAST_BIT 63u      /* samples from its sign to the middle of the stop bit */
#define REACH (LAST_BIT + BL_FSK_TIMINGS - EARLIEST)
#define MARK_GAIN 2.6f    /* mean square of x[n] - x[n - 2] by that of x, for 1200 Hz; more for the others */
#define GATE_MARGIN 0.25f /* of the least carrier's energy: the twisted tone is weaker */
#define PURE 0.7f         /* share of a hop's energy in both tones: 0.75 with noise 6 dB below and twist of 10 dB */
#define QUIET_HOPS 2u
#define FOLLOW 0.125f /* a hop */

size_t bl_fsk_rx_size(void)
{
	return sizeof(struct bl_fsk_rx);
}

int bl_fsk_rx_init(struct bl_fsk_rx *rx, const struct bl_fsk_rx_cfg *cfg)
{
	if (!rx || !cfg || cfg->modem > BL_FSK_V23 || !(cfg->min_level_dbm0 >= -48.0f && cfg->min_level_dbm0 <= 0.0f))
		return -EINVAL;
	rx->cfg = *cfg;
	bl_fsk_rx_reset(rx);
	return 0;
}

void bl_fsk_rx_reset(struct bl_fsk_rx *rx)
{
	if (!rx)
		return;

	struct bl_fsk_rx_cfg cfg = rx->cfg;

	memset(rx, 0, sizeof *rx);
	rx->cfg = cfg;
	rx->at = SOFT;
	rx->spaces = UINT64_MAX;
	rx->gate = BL_DBM0_MEAN_SQUARE * powf(10.0f, cfg.min_level_dbm0 / 10.0f) * (BL_FSK_HOP - 2) * MARK_GAIN *
	           GATE_MARGIN;
}

/* Energy of a hop above the mains and below 4 kHz. */
static float energy_of(const int16_t *hop)
{
	float energy = 0.0f;

	if (bl_isa() == BL_ISA_VECTOR)
		return bl_fsk_energy_vector(hop);
	for (int i = 2; i < BL_FSK_HOP; i++) {
		float rise = (float)(hop[i] - hop[i - 2]);

		energy += rise * rise;
	}
	return energy;
}

/* Power of one tone about the middle of 11 samples. */
static float power_of(const float *middle, const float *taps)
{
	float re = taps[0] * middle[0], im = 0.0f;

	for (int k = 1; k <= BL_FSK_TAPS / 2; k++) {
		re += taps[k] * (middle[k] + middle[-k]);
		im += taps[BL_FSK_TAPS / 2 + k] * (middle[k] - middle[-k]);
	}
	return re * re + im * im;
}

/* The soft bits of a hop behind the ten samples before it, its power in both tones, which of the bits are space. */
static uint64_t correlate(const int16_t *samples, const float *taps, float *soft, float *power)
{
	float sound[BL_FSK_TAPS - 1 + BL_FSK_HOP];
	uint64_t spaces = 0;

	if (bl_isa() == BL_ISA_VECTOR)
		return bl_fsk_correlate_vector(samples, taps, soft, power);
	for (int i = 0; i < BL_FSK_TAPS - 1 + BL_FSK_HOP; i++)
		sound[i] = samples[i];
	*power = 0.0f;
	for (int i = 0; i < BL_FSK_HOP; i++) {
		float mark = power_of(sound + BL_FSK_TAPS / 2 + i, taps);
		float space = power_of(sound + BL_FSK_TAPS / 2 + i, taps + BL_FSK_TAPS);

		soft[i] = (mark - space) / (mark + space + 1.0f);
		spaces |= (uint64_t)(soft[i] < 0.0f) << i;
		*power += mark + space;
	}
	return spaces;
}

/* Three soft bits together: near an edge they cancel each other. */
static float about(const float *soft)
{
	return soft[-1] + soft[0] + soft[1];
}

/* How strong the ten bits are together, for every timing, less the doubt in it. */
static void rate_timings(const float *soft, float *strength)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_fsk_rate_vector(soft, strength);
		return;
	}
	for (int t = 0; t < BL_FSK_TIMINGS; t++) {
		strength[t] = about(soft + t + bl_fsk_middle[9]) - about(soft + t + bl_fsk_middle[0]) - bl_fsk_doubt[t];
		for (int bit = 1; bit < 9; bit++)
			strength[t] += fabsf(about(soft + t + bl_fsk_middle[bit]));
	}
}

static uint32_t best_timing(const float *soft)
{
	float strength[BL_FSK_TIMINGS];
	uint32_t best = 0;

	rate_timings(soft, strength);
	for (uint32_t t = 1; t < BL_FSK_TIMINGS; t++)
		if (strength[t] > strength[best])
			best = t;
	return best;
}

static void read_octet(const float *soft, struct bl_fsk_event *event)
{
	unsigned int octet = 0, weak = 0;

	for (unsigned int bit = 0; bit < 10; bit++) {
		float value = about(soft + bl_fsk_middle[bit]) * (1.0f / 3.0f);

		octet |= (unsigned int)(value > 0.0f) << bit;
		weak += bit >= 1 && bit <= 8 && fabsf(value) < BL_FSK_WEAK;
	}
	event->octet = (uint8_t)(octet >> 1);
	event->weak = (uint8_t)weak;
	event->kind = octet & 1u << 9 ? BL_FSK_CHARACTER : BL_FSK_FRAMING;
}

static float level_of(float mean_square)
{
	return mean_square > 0.0f ? 10.0f * log10f(mean_square / BL_DBM0_MEAN_SQUARE) : BL_DBM0_SILENCE;
}

static size_t tell(struct bl_fsk_rx *rx, const struct bl_fsk_event *event, struct bl_fsk_event *events, size_t max)
{
	if (!max)
		return 0;
	events[0] = *event;
	events[0].level_dbm0 = level_of(rx->level);
	return 1;
}

/* The character whose start bit seems to begin at rx->start; 0 when it is no start bit. */
static size_t read_character(struct bl_fsk_rx *rx, struct bl_fsk_event *events, size_t max)
{
	uint32_t from = rx->start - EARLIEST, marks = rx->mark * 3u / 20u;
	uint32_t begin = from + best_timing(rx->soft + from);
	const float *soft = rx->soft + begin;
	struct bl_fsk_event event = {.mark_bits = (uint16_t)(marks > UINT16_MAX ? UINT16_MAX : marks)};

	if (soft[bl_fsk_middle[0]] >= 0.0f) {
		rx->at = rx->start + 1;
		rx->start = 0;
		return 0;
	}
	read_octet(soft, &event);
	event.at_sample = rx->samples - (SOFT - begin) - BL_FSK_TAPS / 2;
	rx->listening = event.kind == BL_FSK_CHARACTER;
	rx->at = begin + LAST_BIT;
	rx->start = 0;
	rx->mark = 0;
	return tell(rx, &event, events, max);
}

/* Mark that runs on from rx->at; 1 when it ends in a space, rx->at then. */
static int run_on(struct bl_fsk_rx *rx)
{
	uint32_t from = rx->at < SEEN_FROM ? SEEN_FROM : rx->at;
	uint64_t left = from < SOFT ? rx->spaces >> (from - SEEN_FROM) : 0;
	uint32_t end = left ? from + (uint32_t)__builtin_ctzll(left) : SOFT;

	rx->mark = rx->mark + (end - from) > MARK_MOST ? MARK_MOST : rx->mark + (end - from);
	rx->at = end;
	return left != 0;
}

/* No mark within a hop is long enough: what counts is the one at its end. */
static void skip_spaces(struct bl_fsk_rx *rx)
{
	rx->mark = rx->spaces ? (uint32_t)__builtin_clzll(rx->spaces) : 64;
	rx->at = SOFT;
}

static size_t look_for_characters(struct bl_fsk_rx *rx, struct bl_fsk_event *events, size_t max)
{
	size_t count = 0;

	for (int guard = 0; guard < SOFT && rx->at < SOFT; guard++) {
		if (!rx->start) {
			if (!run_on(rx))
				break;
			rx->listening |= rx->mark >= MARK_SAMPLES;
			if (!rx->listening) {
				skip_spaces(rx);
				break;
			}
			rx->start = rx->at;
		}
		if (rx->start + REACH >= SOFT)
			break;
		count += read_character(rx, events + count, max - count);
	}
	return count;
}

static void lose(struct bl_fsk_rx *rx)
{
	rx->on = 0;
	rx->listening = 0;
	rx->start = 0;
	rx->mark = 0;
	rx->at = SOFT;
	rx->spaces = UINT64_MAX;
	rx->level = 0.0f;
}

/* Everything lies a hop further back now; what a torn state says is kept within the buffers. */
static void move_on(struct bl_fsk_rx *rx)
{
	memmove(rx->soft, rx->soft + BL_FSK_HOP, BL_FSK_BEHIND * sizeof rx->soft[0]);
	rx->at = rx->at < BL_FSK_HOP || rx->at > SOFT ? BL_FSK_BEHIND : rx->at - BL_FSK_HOP;
	if (rx->start <= BL_FSK_HOP + EARLIEST || rx->start >= SOFT)
		rx->start = 0;
	else
		rx->start -= BL_FSK_HOP;
}

static size_t end_carrier(struct bl_fsk_rx *rx, struct bl_fsk_event *events, size_t max)
{
	struct bl_fsk_event lost = {.kind = BL_FSK_LOST, .at_sample = rx->samples};
	size_t count = rx->on && rx->listening ? tell(rx, &lost, events, max) : 0;

	if (rx->on)
		lose(rx);
	return count;
}

/* Is nearly all the energy in the tones? They are seen five samples late, so either hop's may be meant. */
static int is_pure(const struct bl_fsk_rx *rx, float energy, float power)
{
	float least = rx->energy < energy ? rx->energy : energy;

	return power * MARK_GAIN * (BL_FSK_HOP - 2) >= PURE * least;
}

static size_t demodulate(struct bl_fsk_rx *rx, const int16_t *hop, float energy, struct bl_fsk_event *events,
                         size_t max)
{
	const float *taps = bl_fsk_taps[rx->cfg.modem == BL_FSK_V23];
	int16_t samples[PAST + BL_FSK_HOP];
	float power;

	memcpy(samples, rx->past, sizeof rx->past);
	memcpy(samples + PAST, hop, BL_FSK_HOP * sizeof hop[0]);
	move_on(rx);
	rx->on = 1;
	rx->spaces >>= BL_FSK_HOP;
	rx->spaces |= correlate(samples, taps, rx->soft + BL_FSK_BEHIND, &power) << (64 - BL_FSK_HOP);
	power *= 0.5f / BL_FSK_HOP;
	rx->level = rx->level > 0.0f ? rx->level + FOLLOW * (power - rx->level) : power;
	if (!rx->listening && !(rx->spaces >> (64 - BL_FSK_HOP)) &&
	    !is_pure(rx, energy, power)) { /* low sound, which is nearer to mark */
		rx->mark = 0;
		rx->at = SOFT;
		return 0;
	}
	return look_for_characters(rx, events, max);
}

static size_t end_of_hop(struct bl_fsk_rx *rx, const int16_t *hop, struct bl_fsk_event *events, size_t max)
{
	float energy = energy_of(hop);
	size_t count;

	rx->samples += BL_FSK_HOP;
	rx->quiet = energy < rx->gate ? rx->quiet + 1 : 0;
	if (rx->quiet >= (rx->on ? QUIET_HOPS : 1))
		count = end_carrier(rx, events, max);
	else
		count = demodulate(rx, hop, energy, events, max);
	memcpy(rx->past, hop + BL_FSK_HOP - PAST, sizeof rx->past);
	rx->energy = energy;
	return count;
}

size_t bl_fsk_rx_process(struct bl_fsk_rx *rx, const int16_t *in, size_t n, struct bl_fsk_event *events, size_t max)
{
	size_t count = 0, piece;

	for (; n; in += piece, n -= piece) {
		uint32_t fill = rx->fill < BL_FSK_HOP ? rx->fill : 0;

		piece = n < BL_FSK_HOP - fill ? n : BL_FSK_HOP - fill;
		if (piece == BL_FSK_HOP) {
			count += end_of_hop(rx, in, events + count, max - count);
			continue;
		}
		memcpy(rx->hop + fill, in, piece * sizeof in[0]);
		rx->fill = fill + (uint32_t)piece;
		if (rx->fill < BL_FSK_HOP)
			continue;
		rx->fill = 0;
		count += end_of_hop(rx, rx->hop, events + count, max - count);
	}
	return count;
}
