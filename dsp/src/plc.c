/* SPDX-License-Identifier: GPL-2.0-only */
#include "plc.h"

#include <errno.h>
#include <string.h>

#include "isa.h"
#include "plc_blend.h"
#include "plc_search.h"
#include "plc_vector.h"
#include "sizes.h"

#define TICK BL_TICK_SAMPLES
#define TWO_FROM 160 /* lost samples after which two periods are repeated in turn, and three */
#define THREE_FROM 320
#define FADE_PER 8   /* lost samples that make the crossfade back one longer */
#define FADE_MOST 30 /* its samples: 3.75 ms */

_Static_assert(3 * BL_PLC_PITCH_MOST + BL_PLC_PITCH_MOST / 4 <= BL_PLC_PAST, "three periods and a joint are kept");

size_t bl_plc_size(void)
{
	return sizeof(struct bl_plc);
}

int bl_plc_init(struct bl_plc *p)
{
	if (!p)
		return -EINVAL;
	bl_plc_reset(p);
	return 0;
}

void bl_plc_reset(struct bl_plc *p)
{
	if (!p)
		return;
	memset(p, 0, sizeof *p);
	p->period = BL_PLC_PITCH_MOST;
}

static inline int least(int a, int b)
{
	return a < b ? a : b;
}

static inline int bounded(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static void blend(const int16_t *from, const int16_t *to, int16_t *out, int n, int32_t weight, int32_t grows)
{
	(bl_isa() == BL_ISA_VECTOR ? bl_plc_blend_vector : plc_blend)(from, to, out, n, weight, grows);
}

static __attribute__((noinline)) void remember_wrapped(struct bl_plc *p, const int16_t *sound, size_t n)
{
	size_t at = (size_t)p->at % BL_PLC_PAST, first;

	if (n > BL_PLC_PAST) {
		sound += n - BL_PLC_PAST;
		n = BL_PLC_PAST;
	}
	first = n < BL_PLC_PAST - at ? n : BL_PLC_PAST - at;
	memcpy(p->ring + at, sound, first * sizeof *sound);
	memcpy(p->ring, sound + first, (n - first) * sizeof *sound);
	p->at = (uint32_t)((at + n) % BL_PLC_PAST);
}

/* A tick falls into its own tenth of the ring. */
static inline void remember(struct bl_plc *p, const int16_t *sound, size_t n)
{
	if (n != TICK || p->at > BL_PLC_PAST - TICK) {
		remember_wrapped(p, sound, n);
		return;
	}
	memcpy(p->ring + p->at, sound, TICK * sizeof *sound);
	p->at = p->at == BL_PLC_PAST - TICK ? 0 : p->at + TICK;
}

static int period_of(const struct bl_plc *p)
{
	return bounded((int)p->period, BL_PLC_PITCH_LEAST, BL_PLC_PITCH_MOST);
}

static void correlate(const int16_t *now, int32_t correlation[])
{
	for (int k = 0; k < PLC_LAGS; k++)
		correlation[k] = plc_product(now, now - PLC_LAG_LEAST - k, PLC_WINDOW_PAIRS);
}

/* The end of the past is led over into what stands before the place where it is taken up again. */
static void join(struct bl_plc *p, int period)
{
	int quarter = period / 4, grows = PLC_ONE / (quarter + 1);
	const int16_t *lead = p->past + BL_PLC_PAST - bounded((int)p->turns, 1, 3) * period - quarter;

	blend(p->tail, lead, p->past + BL_PLC_PAST - quarter, quarter, grows, grows);
}

/* The ring, from its oldest sample on; by tenths where it is filled by ticks. */
static void unroll(struct bl_plc *p)
{
	size_t at = p->at % BL_PLC_PAST;

	if (at % TICK) {
		memcpy(p->past, p->ring + at, (BL_PLC_PAST - at) * sizeof p->past[0]);
		memcpy(p->past + BL_PLC_PAST - at, p->ring, at * sizeof p->past[0]);
		return;
	}
	for (int i = 0; i < BL_PLC_PAST; i += TICK) {
		memcpy(p->past + i, p->ring + at, TICK * sizeof p->past[0]);
		at = at == BL_PLC_PAST - TICK ? 0 : at + TICK;
	}
}

static void begin_loss(struct bl_plc *p)
{
	const int16_t *end = p->past + BL_PLC_PAST;
	int period;

	unroll(p);
	period = bl_isa() == BL_ISA_VECTOR ? bl_plc_search_vector(end)
	                                   : plc_search(end, plc_prepare, correlate, plc_energies, plc_likeliest);
	memcpy(p->tail, end - period / 4, (size_t)(period / 4) * sizeof p->tail[0]);
	p->period = (uint32_t)period;
	p->place = (uint32_t)(BL_PLC_PAST - period);
	p->step = end[-1] - end[-1 - period];
	p->lost = 0;
	p->turns = 1;
	join(p, period);
}

/* Where the past is taken up again; from the next time on, as many periods as the loss is long. */
static int take_up(struct bl_plc *p)
{
	uint32_t wanted = p->lost < TWO_FROM ? 1 : p->lost < THREE_FROM ? 2 : 3;
	int period = period_of(p), place = BL_PLC_PAST - bounded((int)p->turns, 1, 3) * period;

	if (wanted != p->turns) {
		p->turns = wanted;
		join(p, period);
	}
	return place;
}

/* n samples of the past, again and again. */
static void repeat(struct bl_plc *p, int16_t *out, int n)
{
	int place = bounded((int)p->place, 0, BL_PLC_PAST - 1);

	if (n == TICK && place < BL_PLC_PAST - TICK) {
		memcpy(out, p->past + place, TICK * sizeof *out);
		p->place = (uint32_t)(place + TICK);
		return;
	}
	while (n > 0) {
		int piece = least(n, BL_PLC_PAST - place);

		memcpy(out, p->past + place, (size_t)piece * sizeof *out);
		out += piece;
		n -= piece;
		place += piece;
		if (place == BL_PLC_PAST)
			place = take_up(p);
	}
	p->place = (uint32_t)place;
}

static void add_step(const struct bl_plc *p, int16_t *out, int n)
{
	int left = BL_PLC_STEP - (int)p->lost;

	(bl_isa() == BL_ISA_VECTOR ? bl_plc_add_step_vector : plc_add_step)(out, least(n, left), p->step, left);
}

/* The fade begins at a sample and ends at another: only what lies between is touched. */
static void fade(const struct bl_plc *p, int16_t *out, int n)
{
	int from = bounded(PLC_FADE_FROM - (int)p->lost, 0, n);

	if (from < n)
		(bl_isa() == BL_ISA_VECTOR ? bl_plc_fade_vector : plc_fade)(out + from, n - from, (int)p->lost + from);
}

static void make(struct bl_plc *p, int16_t *out, int n)
{
	int lost = bounded((int)p->lost, 0, BL_PLC_SILENT), sounding = least(n, BL_PLC_SILENT - lost);

	p->lost = (uint32_t)lost;
	repeat(p, out, sounding);
	if (lost < BL_PLC_STEP)
		add_step(p, out, sounding);
	if (lost + sounding > PLC_FADE_FROM)
		fade(p, out, sounding);
	if (sounding < n)
		memset(out + sounding, 0, (size_t)(n - sounding) * sizeof *out);
	p->lost = (uint32_t)(lost + sounding);
}

void bl_plc_lost(struct bl_plc *p, int16_t *sound, size_t n)
{
	if (!p || !sound)
		return;
	if (n && (!p->lost || p->fading))
		begin_loss(p);
	p->fading = 0;
	for (size_t done = 0; done < n; done += TICK)
		make(p, sound + done, n - done < TICK ? (int)(n - done) : TICK);
	remember(p, sound, n);
}

static void begin_return(struct bl_plc *p)
{
	p->fade = (uint32_t)least(FADE_MOST, period_of(p) / 4 + (int)p->lost / FADE_PER);
	p->fading = p->fade;
}

static __attribute__((noinline)) void crossfade(struct bl_plc *p, int16_t *sound, size_t n)
{
	int16_t made[FADE_MOST];
	int grows, count, all;

	if (!p->fading)
		begin_return(p);
	all = bounded((int)p->fade, 1, FADE_MOST);
	grows = PLC_ONE / (all + 1);
	count = least(bounded((int)p->fading, 0, all), (int)(n < FADE_MOST ? n : FADE_MOST));
	make(p, made, count);
	blend(made, sound, sound, count, (all - (int)p->fading + 1) * grows, grows);
	p->fading -= (uint32_t)count;
	if (!p->fading)
		p->lost = 0;
}

static inline void good(struct bl_plc *p, int16_t *sound, size_t n)
{
	if (p->lost && n)
		crossfade(p, sound, n);
	remember(p, sound, n);
}

void bl_plc_good(struct bl_plc *p, int16_t *sound, size_t n)
{
	if (!p || !sound)
		return;
	good(p, sound, n);
}

void bl_plc_process_many(struct bl_plc *const p[], int16_t *const sound[], const uint8_t came[], size_t n,
                         size_t channels)
{
	for (size_t c = 0; c < channels; c++) {
		if (came[c])
			good(p[c], sound[c], n);
		else
			bl_plc_lost(p[c], sound[c], n);
	}
}
