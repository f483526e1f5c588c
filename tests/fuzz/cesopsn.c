/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagrams as the socket of a CESoPSN span gives them, with ticks between, of every setting; without a socket, whose
 * reads and writes fail then. What a datagram says of itself may be anything; what is heard is whole frames.
 */
#include "cesopsn/io.c" /* first: it asks for _GNU_SOURCE */

#include "fuzz.h"

#define LONGEST (PACKET_MAX + 1)
#define PACKETS 100

static uint32_t chance; /* goes on where the input ends, so that a short one has its hundred packets too */

static uint32_t draw(struct fuzz *f, uint32_t below)
{
	if (f->left)
		return fuzz_below(f, below);
	chance ^= chance << 13;
	chance ^= chance >> 17;
	chance ^= chance << 5;
	return chance % below;
}

static void set(struct fuzz *f, struct bl_span *span)
{
	static const uint8_t parts[2][5] = {{1, 2, 4, 8, 16}, {1, 3, 6, 12, 24}}; /* of a multiframe: E1, T1 */
	struct settings s = {.local_port = 1, .remote_ip = 1, .remote_port = 1};

	span->settings.t1 = draw(f, 2) != 0;
	span->settings.cas = draw(f, 2) != 0;
	s.frames = span->settings.cas ? parts[span->settings.t1][draw(f, 5)] : (uint8_t)(1 + draw(f, FRAMES_MAX));
	s.d4 = span->settings.t1 ? (uint8_t)draw(f, 2) : 0;
	s.rtp = (uint8_t)draw(f, 2);
	s.jitter_ms = (uint16_t)(2 + draw(f, 59));
	if (!span->settings.cas)
		span->settings.d_channel = 16;
	memcpy(span->settings.settings, &s, sizeof s);
	if (!settings_valid(span, &s))
		abort();
}

/* What a process that died between two stores may have left. */
static void tear(struct fuzz *f, struct bl_span *span)
{
	struct settings s = settings_of(span);
	size_t n = 64;
	uint8_t *octets = fuzz_octets(f, &n);

	for (size_t i = 0; n && i < sizeof span->card_state; i++)
		span->card_state[i] = octets[i % n];
	free(octets);
	repair(state_of(span), &s);
}

/* Length and control word are mostly those of a good one, whose number goes on, or jumps. */
static uint8_t *datagram(struct fuzz *f, const struct bl_span *span, uint16_t *sequence, size_t *length)
{
	struct settings s = settings_of(span);
	size_t head = head_length(&s);
	uint8_t *octets;

	*length = head + s.frames * frame_octets(span) + (draw(f, 2) && span->settings.cas ? signalling_of(span) : 0);
	if (draw(f, 8) == 0)
		*length = draw(f, LONGEST + 1);
	octets = fuzz_room(*length);
	for (size_t i = 0; i < *length; i++)
		octets[i] = (uint8_t)(i < head + 2 || !(i & 15) ? draw(f, 256) : i);
	if (*length < head || draw(f, 8) == 0)
		return octets;
	if (s.rtp)
		octets[0] = 0x80;
	*sequence = (uint16_t)(*sequence + (draw(f, 8) ? 1 : draw(f, 65536)));
	octets[head - CONTROL_WORD] &= 0x0f;
	octets[head - 3] &= 0xc0;
	put16(octets + head - 2, *sequence);
	return octets;
}

static void hear(struct fuzz *f, struct bl_span *span, const struct bl_tick *tick)
{
	unsigned n = BL_TICK_SAMPLES - 1 + draw(f, 3);
	uint8_t(*frames)[BL_TIMESLOTS] = fuzz_room(n * sizeof *frames);

	span->shift_frames = draw(f, 16) ? 0 : (int32_t)draw(f, 3 * RING) - RING;
	bl_cesopsn_io.read(span, -1, tick, frames, n);
	for (unsigned i = 0; span->settings.cas && i < bearers_of(span); i++)
		if (span->cas.rx[bearer(span, i)] > 0xf)
			abort();
	bl_cesopsn_io.write(span, -1, tick, frames, n);
	if (state_of(span)->pending >= settings_of(span).frames)
		abort();
	free(frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_span *span = fuzz_room(sizeof *span);
	struct bl_tick tick = {.deadline_ns = 1000000000};
	uint16_t sequence = 0;

	chance = 2463534242u;
	for (size_t i = 0; i < n; i++)
		chance = (chance ^ in[i]) * 16777619u | 1;
	set(&f, span);
	if (draw(&f, 8) == 0)
		tear(&f, span);
	for (int i = 0; i < PACKETS; i++) {
		struct settings s = settings_of(span);
		size_t length;
		uint8_t *octets = datagram(&f, span, &sequence, &length);
		struct arrival arrival = {octets, length, tick.deadline_ns - (int64_t)draw(&f, 100000000)};

		take(span, &s, &tick, &arrival);
		free(octets);
		if (draw(&f, 4))
			continue;
		hear(&f, span, &tick);
		tick.deadline_ns += 5000000;
		tick.missed = draw(&f, 16) ? 0 : draw(&f, 100000);
		if (tick.missed)
			bl_cesopsn_io.resume(span, &tick);
	}
	free(span);
	return 0;
}
