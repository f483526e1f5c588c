/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiled with the cffi border (build_ffi.py): our clock, and what stands between libpri's Q.931 and its Q.921. */
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <libpri.h>

/* Of libpri's own headers: whether it still knows a call. */
int q931_is_call_valid(struct pri *ctrl, q931_call *call);

static _Thread_local int64_t clock_us;

static void branchline_set_clock(int64_t microseconds)
{
	clock_us = microseconds;
}

/*
 * What libpri leaves out of the next message of a type: an element; `alone`: in the place of all others. Where there is
 * none, such a message is kept back.
 */
#define MESSAGE_HEAD 5 /* protocol discriminator, call reference of two octets, message type (Q.931 §4.1) */
static _Thread_local struct {
	int message;
	uint8_t element[8];
	int octets;
	int alone;
} amendment;
static _Thread_local int last_said;

static void branchline_amend(int message, const uint8_t *element, int octets, int alone)
{
	amendment.message = message;
	memcpy(amendment.element, element, (size_t)octets);
	amendment.octets = octets;
	amendment.alone = alone;
}

/* The type of the last message since this was asked; 0: none. */
static int branchline_said(void)
{
	int said = last_said;
	last_said = 0;
	return said;
}

/* Between libpri's Q.931 and its Q.921, before a message is queued. Elements stand in order of their codes (§4.5.1). */
struct q921_link;
int __real_q921_transmit_iframe(struct q921_link *link, void *message, int octets, int cr);
int __wrap_q921_transmit_iframe(struct q921_link *link, void *message, int octets, int cr);
int __wrap_q921_transmit_iframe(struct q921_link *link, void *message, int octets, int cr)
{
	uint8_t amended[1024];
	const uint8_t *said = message;
	int at = MESSAGE_HEAD, more = amendment.octets, alone = amendment.alone;
	if (octets < at || octets > (int)sizeof(amended) - more)
		return __real_q921_transmit_iframe(link, message, octets, cr);
	last_said = said[at - 1];
	if (last_said != amendment.message)
		return __real_q921_transmit_iframe(link, message, octets, cr);
	if (alone && more == 0)
		return 0;
	while (!alone && at < octets && said[at] < amendment.element[0])
		at += said[at] & 0x80 ? 1 : 2 + said[at + 1];
	memcpy(amended, said, (size_t)at);
	memcpy(amended + at, amendment.element, (size_t)more);
	memcpy(amended + at + more, said + at, (size_t)(octets - at));
	return __real_q921_transmit_iframe(link, amended, alone ? at + more : octets + more, cr);
}

/* Q.921 alone: while somebody listens, what it hears goes to him, not to Q.931, and which data link came or went. */
struct q931_h;
static _Thread_local struct {
	int on;
	struct q921_link *data_link;
	uint8_t message[512];
	int octets;
} heard;

static void branchline_listen(int on)
{
	heard.on = on;
	heard.octets = 0;
	heard.data_link = 0;
}

static int branchline_heard(uint8_t *message, int most)
{
	int octets = heard.octets < most ? heard.octets : most;
	memcpy(message, heard.message, (size_t)octets);
	return octets;
}

static void *branchline_data_link(void)
{
	return heard.data_link;
}

/* DL-ESTABLISH indication since this was asked: the far end has reset the data link, and messages were lost. */
#define DL_ESTABLISH_INDICATION 1
#define DL_ESTABLISH_CONFIRMATION 2
static _Thread_local int last_data_link_event;

static int branchline_established_anew(void)
{
	int event = last_data_link_event;
	last_data_link_event = 0;
	return event == DL_ESTABLISH_INDICATION;
}

static int branchline_say(void *data_link, const uint8_t *message, int octets)
{
	return __real_q921_transmit_iframe(data_link, (void *)message, octets, 1);
}

int __real_q931_receive(struct q921_link *link, struct q931_h *message, int octets);
int __wrap_q931_receive(struct q921_link *link, struct q931_h *message, int octets);
int __wrap_q931_receive(struct q921_link *link, struct q931_h *message, int octets)
{
	if (!heard.on)
		return __real_q931_receive(link, message, octets);
	heard.octets = octets > 0 && octets <= (int)sizeof(heard.message) ? octets : 0;
	memcpy(heard.message, message, (size_t)heard.octets);
	return 0;
}

void __real_q931_dl_event(struct q921_link *link, int event);
void __wrap_q931_dl_event(struct q921_link *link, int event);
void __wrap_q931_dl_event(struct q921_link *link, int event)
{
	heard.data_link = link;
	last_data_link_event = event;
	/*
	 * After an indication libpri says STATUS of every call, and a peer who has lost a SETUP by that reset clears
	 * the call with cause 101 before T303 says it again. After a confirmation only calls in the active state do
	 * (Q.931 §5.8.8, §5.8.9).
	 */
	__real_q931_dl_event(link, event == DL_ESTABLISH_INDICATION ? DL_ESTABLISH_CONFIRMATION : event);
}

/* Presentation of the redirecting number (Q.952, octet 3a); 0, allowed, where none came. */
static int branchline_redirecting_presentation(const struct pri_subcommands *all)
{
	for (int n = 0; n < all->counter_subcmd; n++)
		if (all->subcmd[n].cmd == PRI_SUBCMD_REDIRECTING)
			return all->subcmd[n].u.redirecting.from.number.presentation;
	return 0;
}

/* Advice of charge, so far and in all, in the nth part of a message; null where the part is something else. */
static const struct pri_subcmd_aoc_d *branchline_aoc_d(const struct pri_subcommands *all, int n)
{
	return all->subcmd[n].cmd == PRI_SUBCMD_AOC_D ? &all->subcmd[n].u.aoc_d : 0;
}

static const struct pri_subcmd_aoc_e *branchline_aoc_e(const struct pri_subcommands *all, int n)
{
	return all->subcmd[n].cmd == PRI_SUBCMD_AOC_E ? &all->subcmd[n].u.aoc_e : 0;
}

/* What libpri calls when it asks for the time of day. */
int __wrap_gettimeofday(struct timeval *tv, void *zone);
int __wrap_gettimeofday(struct timeval *tv, void *zone)
{
	(void)zone;
	tv->tv_sec = clock_us / 1000000;
	tv->tv_usec = clock_us % 1000000;
	return 0;
}
