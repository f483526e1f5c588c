/* SPDX-License-Identifier: GPL-2.0-only */
#include "plc.h"

#include <string.h>

#include "plc_pitch.h"

#define FADE_FROM 80    /* lost samples after which sound fades: 10 ms */
#define STEP_LEFT 0.85f /* of the step at the joint, sample by sample */
#define TWO_FROM 160    /* lost samples after which two periods are repeated in turn, and three */
#define THREE_FROM 320
#define FADE_PER 8   /* lost samples that make it one longer */
#define FADE_MOST 30 /* samples of the crossfade back: 3.75 ms */

size_t bl_plc_size(void)
{
	return sizeof(struct bl_plc);
}

int bl_plc_init(struct bl_plc *p)
{
	bl_plc_reset(p);
	return 0;
}

void bl_plc_reset(struct bl_plc *p)
{
	memset(p, 0, sizeof *p);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void remember(struct bl_plc *p, const int16_t *sound, size_t n)
{
	size_t at = p->at % BL_PLC_PAST, first;

	if (n > BL_PLC_PAST) {
		sound += n - BL_PLC_PAST;
		n = BL_PLC_PAST;
	}
	first = n < BL_PLC_PAST - at ? n : BL_PLC_PAST - at;
	memcpy(p->ring + at, sound, first * sizeof *sound);
	memcpy(p->ring, sound + first, (n - first) * sizeof *sound);
	p->at = (uint32_t)((at + n) % BL_PLC_PAST);
}

/* How many periods are repeated in turn, as long as they and a quarter are in the past. */
static uint32_t periods(const struct bl_plc *p, uint32_t period)
{
	uint32_t wanted = p->lost < TWO_FROM ? 1 : p->lost < THREE_FROM ? 2 : 3;

	while (wanted > 1 && wanted * period + period / 4 > BL_PLC_PAST)
		wanted--;
	return wanted;
}

static void begin_loss(struct bl_plc *p)
{
	size_t at = p->at % BL_PLC_PAST;

	memcpy(p->past, p->ring + at, (BL_PLC_PAST - at) * sizeof p->past[0]);
	memcpy(p->past + BL_PLC_PAST - at, p->ring, at * sizeof p->past[0]);
	p->period = bl_plc_pitch(p->past + BL_PLC_PAST);
	p->place = BL_PLC_PAST - p->period;
	p->step = (float)(p->past[BL_PLC_PAST - 1] - p->past[BL_PLC_PAST - 1 - p->period]);
	p->lost = 0;
}

/* One sample of the repeated periods; towards the end of the past, on its way to where it goes on. */
static float repeated(struct bl_plc *p, uint32_t period)
{
	uint32_t place = least(p->place, BL_PLC_PAST - 1), left = BL_PLC_PAST - place, quarter = period / 4;
	float sample = p->past[place];

	if (left <= quarter) {
		uint32_t next = BL_PLC_PAST - periods(p, period) * period;
		float weight = (float)(quarter - left + 1) / (float)(quarter + 1);

		sample += weight * ((float)p->past[next - left] - sample);
		if (left == 1)
			place = next - 1;
	}
	p->place = place + 1;
	return sample;
}

static float fade_of(uint32_t lost)
{
	if (lost < FADE_FROM)
		return 1.0f;
	return lost < BL_PLC_SILENT ? (float)(BL_PLC_SILENT - lost) / (BL_PLC_SILENT - FADE_FROM) : 0.0f;
}

static float made(struct bl_plc *p)
{
	uint32_t period =
	        p->period < BL_PLC_PITCH_LEAST || p->period > BL_PLC_PITCH_MOST ? BL_PLC_PITCH_MOST : p->period;
	float sample;

	if (p->lost >= BL_PLC_SILENT)
		return 0.0f;
	sample = (repeated(p, period) + p->step) * fade_of(p->lost);
	p->step *= STEP_LEFT;
	p->lost++;
	return sample;
}

static int16_t rounded(float sample)
{
	if (sample >= 32767.0f)
		return INT16_MAX;
	if (sample <= -32768.0f)
		return INT16_MIN;
	return (int16_t)(sample < 0.0f ? sample - 0.5f : sample + 0.5f);
}

void bl_plc_lost(struct bl_plc *p, int16_t *sound, size_t n)
{
	if (!p->lost || p->fading)
		begin_loss(p);
	p->fading = 0;
	for (size_t i = 0; i < n; i++)
		sound[i] = rounded(made(p));
	remember(p, sound, n);
}

static void begin_return(struct bl_plc *p)
{
	p->fade = least(FADE_MOST, p->period / 4 + p->lost / FADE_PER);
	p->fading = p->fade;
}

static void crossfade(struct bl_plc *p, int16_t *sound, size_t n)
{
	if (!p->fading)
		begin_return(p);
	for (size_t i = 0; i < n && p->fading; i++, p->fading--) {
		float weight = (float)p->fading / (float)(p->fade + 1), heard = sound[i];

		sound[i] = rounded(heard + weight * (made(p) - heard));
	}
	if (!p->fading)
		p->lost = 0;
}

void bl_plc_good(struct bl_plc *p, int16_t *sound, size_t n)
{
	if (p->lost)
		crossfade(p, sound, n);
	remember(p, sound, n);
}

void bl_plc_process_many(struct bl_plc *const p[], int16_t *const sound[], const uint8_t came[], size_t n,
                         size_t channels)
{
	for (size_t c = 0; c < channels; c++)
		(came[c] ? bl_plc_good : bl_plc_lost)(p[c], sound[c], n);
}
