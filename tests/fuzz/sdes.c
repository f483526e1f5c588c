/* SPDX-License-Identifier: GPL-2.0-only */
/* What is read is written, and then read again as the same. */
#include "fuzz.h"
#include "sdes.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct bl_sdes *first = fuzz_room(sizeof *first), *second = fuzz_room(sizeof *second);
	char *given = fuzz_room(n);

	memcpy(given, in, n);
	if (!bl_sdes_parse(first, given, n)) {
		char *text = fuzz_room(BL_SDES_TEXT_MAX);
		int length = bl_sdes_build(first, text, BL_SDES_TEXT_MAX);
		char *exact;

		if (length <= 0)
			abort();
		exact = fuzz_room((size_t)length);
		if (bl_sdes_build(first, exact, (size_t)length) != length ||
		    bl_sdes_build(first, exact, (size_t)length - 1) >= 0)
			abort();
		if (bl_sdes_parse(second, text, (size_t)length) || memcmp(first, second, sizeof *first) != 0)
			abort();
		free(exact);
		free(text);
	}
	free(given);
	free(first);
	free(second);
	return 0;
}
