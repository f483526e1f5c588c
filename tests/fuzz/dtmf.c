/* SPDX-License-Identifier: GPL-2.0-only */
/* Any settings, any sound in any pieces, a torn state, one receiver beside many: no access beyond its own. */
#include "dtmf.h"
#include "fuzz.h"

#define RECEIVERS 11
#define EVENTS 8

static struct bl_dtmf *receiver(struct fuzz *f)
{
	struct bl_dtmf *d = fuzz_room(bl_dtmf_size());
	struct bl_dtmf_cfg cfg = {.min_level_dbm0 = -(float)fuzz_below(f, 50),
	                          .max_high_twist_db = (float)fuzz_below(f, 24),
	                          .max_low_twist_db = (float)fuzz_below(f, 24),
	                          .min_on_ms = (uint16_t)fuzz_below(f, 256),
	                          .min_pause_ms = (uint16_t)fuzz_below(f, 256),
	                          .max_off_percent = (float)fuzz_below(f, 40) / 10.0f};

	if (bl_dtmf_init(d, &cfg) && bl_dtmf_init(d, NULL))
		abort();
	return d;
}

static void tear(struct fuzz *f, struct bl_dtmf *d)
{
	size_t at = fuzz_below(f, (uint32_t)bl_dtmf_size()), n = fuzz_below(f, 9);
	uint8_t *octets = fuzz_octets(f, &n);

	for (size_t i = 0; i < n && at + i < bl_dtmf_size(); i++)
		((uint8_t *)d)[at + i] = octets[i];
	free(octets);
}

static void hear_many(struct fuzz *f, struct bl_dtmf *const d[])
{
	size_t channels = fuzz_below(f, RECEIVERS + 1), max = fuzz_below(f, EVENTS);
	struct bl_dtmf_event *events = fuzz_room(max * sizeof *events);
	const int16_t *in[RECEIVERS];
	int16_t *sound[RECEIVERS];

	for (size_t c = 0; c < channels; c++) {
		sound[c] = fuzz_sound(f, BL_DTMF_HOP);
		in[c] = fuzz_below(f, 8) ? sound[c] : NULL;
	}
	if (bl_dtmf_process_many(d, in, channels, events, max) > max)
		abort();
	for (size_t c = 0; c < channels; c++)
		free(sound[c]);
	free(events);
}

static void hear_one(struct fuzz *f, struct bl_dtmf *d)
{
	size_t n = fuzz_below(f, 500), max = fuzz_below(f, EVENTS);
	struct bl_dtmf_event *events = fuzz_room(max * sizeof *events);
	int16_t *sound = fuzz_sound(f, n);

	if (bl_dtmf_process(d, sound, n, events, max) > max)
		abort();
	(void)bl_dtmf_early(d);
	free(sound);
	free(events);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_dtmf *d[RECEIVERS];

	for (int c = 0; c < RECEIVERS; c++)
		d[c] = receiver(&f);
	while (f.left) {
		struct bl_dtmf *one = d[fuzz_below(&f, RECEIVERS)];

		switch (fuzz_below(&f, 8)) {
		case 0:
			tear(&f, one);
			break;
		case 1:
			bl_dtmf_reset(one);
			break;
		case 2:
			hear_one(&f, one);
			break;
		default:
			hear_many(&f, d);
		}
	}
	for (int c = 0; c < RECEIVERS; c++)
		free(d[c]);
	return 0;
}
