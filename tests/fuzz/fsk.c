/* SPDX-License-Identifier: GPL-2.0-only */
#include "fsk.h"

#include "fuzz.h"
#include "isa.h"

/* Other memory, as after a restart over shared memory; now and then torn. */
static void *moved(struct fuzz *f, void *state, size_t size)
{
	uint8_t *other = fuzz_room(size);

	memcpy(other, state, size);
	memset(state, 0xa5, size);
	free(state);
	for (uint32_t torn = fuzz_below(f, 64) ? 0 : fuzz_below(f, 20); torn; torn--)
		other[fuzz_below(f, (uint32_t)size)] = (uint8_t)fuzz_below(f, 256);
	return other;
}

static void hear(struct fuzz *f, struct bl_fsk_rx **rx, struct bl_fsk_tx **tx)
{
	size_t n = fuzz_below(f, 200), max = fuzz_below(f, 4);
	int16_t *sound = fuzz_sound(f, n), *line = fuzz_room(n * sizeof *line);
	struct bl_fsk_event *events = fuzz_room(max * sizeof *events);

	if (bl_fsk_tx_process(*tx, line, n) > n)
		abort();
	/* the modem's own sound, or any */
	if (bl_fsk_rx_process(*rx, fuzz_below(f, 4) ? line : sound, n, events, max) > max)
		abort();
	free(events);
	free(line);
	free(sound);
	*rx = moved(f, *rx, bl_fsk_rx_size());
	*tx = moved(f, *tx, bl_fsk_tx_size());
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_fsk_rx_cfg hearing = {(uint8_t)fuzz_below(&f, 3), -(float)fuzz_below(&f, 50)};
	struct bl_fsk_tx_cfg speaking = {(uint8_t)fuzz_below(&f, 3), -(float)fuzz_below(&f, 50)};
	struct bl_fsk_rx *rx = fuzz_room(bl_fsk_rx_size());
	struct bl_fsk_tx *tx = fuzz_room(bl_fsk_tx_size());

	(void)bl_isa_limit((enum bl_isa)fuzz_below(&f, 2));
	if (!bl_fsk_rx_init(rx, &hearing) && !bl_fsk_tx_init(tx, &speaking))
		while (f.left) {
			struct bl_fsk_burst burst = {(uint16_t)fuzz_below(&f, 60), (uint16_t)fuzz_below(&f, 60),
			                             (uint16_t)fuzz_below(&f, 60), (uint8_t)fuzz_below(&f, 22)};
			size_t length = fuzz_below(&f, BL_FSK_OCTETS + 2);
			uint8_t *octets = fuzz_octets(&f, &length);

			(void)bl_fsk_tx_send(tx, octets, length, &burst);
			free(octets);
			for (int i = 0; i < 20; i++)
				hear(&f, &rx, &tx);
		}
	free(rx);
	free(tx);
	return 0;
}
