/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets put in any order, of any time and length, taken in any pieces, of every setting. */
#include "jitter.h"

#include "fuzz.h"

#define LONGEST (BL_JITTER_PACKET_MAX + 2)

static void put(struct fuzz *f, struct bl_jitter *j, uint32_t *timestamp)
{
	uint32_t how = fuzz_choice(f, 256);
	size_t n = how < 8 ? fuzz_below(f, LONGEST) : 1 + (how & 1) * 159;
	uint8_t *octets = fuzz_room(n);
	uint32_t away = how & 2 ? 0 : how & 4 ? fuzz_below(f, 0) : fuzz_choice(f, 256) * 20;
	int error;

	for (size_t i = 0; i < n; i++)
		octets[i] = (uint8_t)((i + how) * 5);
	*timestamp += 160;
	error = bl_jitter_put_held(j, *timestamp + away, octets, n, how & 8 ? fuzz_below(f, 400) : 0);
	if ((n == 0 || n > BL_JITTER_PACKET_MAX) != (error == -22))
		abort();
	free(octets);
}

static void take(struct fuzz *f, struct bl_jitter *j)
{
	uint32_t how = fuzz_choice(f, 256);
	size_t n = how < 128 ? BL_JITTER_TICK : how % (BL_JITTER_GET_MAX + 3);
	uint8_t *out = fuzz_room(n);
	uint64_t present = 0;
	int came = how & 4 ? (int)bl_jitter_process(j, out, n) : bl_jitter_get(j, out, n, &present);

	if (came > (int)n || (!(how & 4) && came >= 0 && came != __builtin_popcountll(present)) ||
	    (n > BL_JITTER_GET_MAX && !(how & 4) && came != -22) ||
	    !(bl_jitter_skew_ppm(j) >= -BL_JITTER_PPM_MAX && bl_jitter_skew_ppm(j) <= BL_JITTER_PPM_MAX))
		abort();
	(void)bl_jitter_delay(j);
	free(out);
}

static void set(struct fuzz *f, struct bl_jitter *j)
{
	struct bl_jitter_cfg cfg = {(uint8_t)fuzz_choice(f, 3),    (uint8_t)fuzz_choice(f, 2),
	                            (uint8_t)fuzz_choice(f, 2),    (uint16_t)fuzz_below(f, 1700),
	                            (uint16_t)fuzz_below(f, 1700), (uint16_t)fuzz_below(f, 1700),
	                            (uint16_t)fuzz_below(f, 400)};

	(void)bl_jitter_set(j, &cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_jitter *j = fuzz_room(bl_jitter_size());
	uint32_t timestamp = fuzz_below(&f, 0);

	(void)bl_jitter_init(j);
	while (f.left) {
		uint32_t what = fuzz_choice(&f, 32);

		if (what == 0)
			bl_jitter_reset(j);
		else if (what == 1)
			set(&f, j);
		else if (what & 1)
			put(&f, j, &timestamp);
		else
			take(&f, j);
	}
	free(j);
	return 0;
}
