/* SPDX-License-Identifier: GPL-2.0-only */
#include "jitter.h"

#include <errno.h>
#include <string.h>

#include "g711.h"

#define MASK (BL_JITTER_SAMPLES - 1)
#define WINDOW_SAMPLES 8000
#define STEP_SAMPLES 40 /* the buffer moves by whole ticks */

size_t bl_jitter_size(void)
{
	return sizeof(struct bl_jitter);
}

int bl_jitter_init(struct bl_jitter *j)
{
	memset(j, 0, sizeof *j);
	j->depth = BL_JITTER_START_SAMPLES;
	return 0;
}

void bl_jitter_reset(struct bl_jitter *j)
{
	j->running = 0;
}

static void start_window(struct bl_jitter *j, uint32_t timestamp)
{
	j->window_start = timestamp;
	j->least_lead = INT32_MAX;
}

static void lay_out(struct bl_jitter *j, uint32_t timestamp)
{
	memset(j->present, 0, sizeof j->present);
	j->play = timestamp - j->depth;
	j->newest = timestamp;
	start_window(j, timestamp);
	if (j->running || j->last_lead)
		j->resyncs++;
	j->running = 1;
}

/* Hear everything later from now on: silence goes in where the buffer stands. */
static void deepen(struct bl_jitter *j, uint32_t missing)
{
	uint32_t step = (missing + STEP_SAMPLES - 1) / STEP_SAMPLES * STEP_SAMPLES;

	if (j->depth + step > BL_JITTER_MAX_SAMPLES)
		return;
	j->depth += step;
	j->play -= step;
}

/* Once a second: if every packet waited longer than it must, skip that time. */
static void bring_nearer(struct bl_jitter *j, uint32_t timestamp)
{
	if ((int32_t)(timestamp - j->window_start) < WINDOW_SAMPLES)
		return;
	if (j->least_lead < INT32_MAX && j->least_lead > (int32_t)(j->depth + BL_JITTER_EXCESS_SAMPLES)) {
		uint32_t excess = (uint32_t)j->least_lead - j->depth;

		for (uint32_t n = 0; n < excess; n++)
			j->present[(j->play + n) & MASK] = 0;
		j->play += excess;
		j->resyncs++;
	}
	start_window(j, timestamp);
}

static void store(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t at = timestamp + (uint32_t)i;

		if ((int32_t)(at - j->play) < 0)
			continue;
		j->octets[at & MASK] = octets[i];
		j->present[at & MASK] = 1;
	}
	if ((int32_t)(timestamp + (uint32_t)n - j->newest) > 0)
		j->newest = timestamp + (uint32_t)n;
}

int bl_jitter_put(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n)
{
	int32_t lead;

	if (n < 1 || n > BL_JITTER_PACKET_MAX)
		return -EINVAL;
	lead = (int32_t)(timestamp - j->play);
	if (!j->running || lead > BL_JITTER_SAMPLES - BL_JITTER_PACKET_MAX || lead < -BL_JITTER_SAMPLES) {
		lay_out(j, timestamp);
		lead = (int32_t)j->depth;
	}
	bring_nearer(j, timestamp);
	j->last_lead = lead;
	if (lead < j->least_lead)
		j->least_lead = lead;
	if (lead < 0) {
		j->late++;
		deepen(j, (uint32_t)-lead);
		if ((int32_t)(timestamp + (uint32_t)n - j->play) <= 0)
			return -ETIME;
	}
	store(j, timestamp, octets, n);
	return 0;
}

size_t bl_jitter_process(struct bl_jitter *j, uint8_t *out, size_t n)
{
	size_t heard = 0;

	memset(out, BL_ALAW_IDLE, n);
	if (!j->running)
		return 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t at = (j->play + (uint32_t)i) & MASK;

		if (!j->present[at])
			continue;
		out[i] = j->octets[at];
		j->present[at] = 0;
		heard++;
	}
	j->play += (uint32_t)n;
	if ((int32_t)(j->play - j->newest) > BL_JITTER_PAUSE_SAMPLES)
		j->running = 0;
	return heard;
}
