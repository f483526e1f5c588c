/* SPDX-License-Identifier: GPL-2.0-only */
/* What a target takes from its input: numbers, and copies of octets or samples in memory of exactly their length. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

struct fuzz {
	const uint8_t *next;
	size_t left;
};

/* A number below `below`; 0 when the input is at its end. */
static inline uint32_t fuzz_below(struct fuzz *f, uint32_t below)
{
	uint32_t value = 0;

	for (int i = 0; i < 4 && f->left; i++, f->left--)
		value = value << 8 | *f->next++;
	return below ? value % below : value;
}

/* The same of one octet of the input. */
static inline uint32_t fuzz_choice(struct fuzz *f, uint32_t below)
{
	if (!f->left)
		return 0;
	f->left--;
	return *f->next++ % below;
}

static inline void *fuzz_room(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

/* At most n of the input's octets, how many into *n. The caller frees them. */
static inline uint8_t *fuzz_octets(struct fuzz *f, size_t *n)
{
	uint8_t *octets;

	*n = *n < f->left ? *n : f->left;
	octets = malloc(*n ? *n : 1);
	if (!octets)
		abort();
	memcpy(octets, f->next, *n);
	f->next += *n;
	f->left -= *n;
	return octets;
}

/* n samples made of the input, zeros behind its end. */
static inline int16_t *fuzz_sound(struct fuzz *f, size_t n)
{
	int16_t *sound = fuzz_room(n * sizeof *sound);
	size_t octets = n * sizeof *sound < f->left ? n * sizeof *sound : f->left;

	memcpy(sound, f->next, octets);
	f->next += octets;
	f->left -= octets;
	return sound;
}

#endif
