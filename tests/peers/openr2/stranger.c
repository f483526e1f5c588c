/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An unmodified libopenr2 as an end of one channel, without DAHDI and in virtual time.
 *
 * libopenr2 talks to a file descriptor by ioctl, read and write and reads the clock by gettimeofday. Loaded with
 * RTLD_DEEPBIND, this library is asked first: the descriptor is a stranger's number here, sound and bits are buffers,
 * and time passes by 20 ms a tick. One thread only.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/time.h>
#include <sys/types.h>

#include <dahdi/user.h>
#include <openr2.h>

#include "stranger.h"

#define BLOCK 160
#define TICK_US 20000
#define FD (1 << 20) /* far above the kernel's; all have the same */
#define TOLD 32
#define ALAW_IDLE 0xD5

struct stranger {
	openr2_context_t *context;
	openr2_chan_t *channel;
	int64_t now_us;
	uint8_t heard[BLOCK], said[BLOCK];
	size_t heard_n, said_n;
	int heard_bits, said_bits, bits_changed;
	struct told told[TOLD];
	size_t told_n;
};

static struct stranger *now; /* whose turn it is */

static void tell(const char *what, const char *ani, const char *dnis, int value)
{
	struct told *t = &now->told[now->told_n < TOLD ? now->told_n++ : TOLD - 1];
	snprintf(t->what, sizeof t->what, "%s", what);
	snprintf(t->ani, sizeof t->ani, "%s", ani ? ani : "restricted");
	snprintf(t->dnis, sizeof t->dnis, "%s", dnis ? dnis : "");
	t->value = value;
}

static void on_init(openr2_chan_t *c)
{
	(void)c;
	tell("seized", "", "", 0);
}

static void on_offered(openr2_chan_t *c, const char *ani, const char *dnis, openr2_calling_party_category_t category)
{
	(void)c;
	tell("offered", ani, dnis, (int)category);
}

static void on_accepted(openr2_chan_t *c, openr2_call_mode_t mode)
{
	(void)c;
	tell("accepted", "", "", (int)mode);
}

static void on_answered(openr2_chan_t *c)
{
	(void)c;
	tell("answered", "", "", 0);
}

static void on_disconnect(openr2_chan_t *c, openr2_call_disconnect_cause_t cause)
{
	(void)c;
	tell("disconnected", "", "", (int)cause);
}

static void on_end(openr2_chan_t *c)
{
	(void)c;
	tell("ended", "", "", 0);
}

static void on_read(openr2_chan_t *c, const unsigned char *sound, int n)
{
	(void)c;
	(void)sound;
	(void)n;
}

static void on_alarm(openr2_chan_t *c, int alarm)
{
	(void)c;
	tell("alarm", "", "", alarm);
}

static void on_os_error(openr2_chan_t *c, int code)
{
	(void)c;
	tell("os error", "", "", code);
}

static void on_protocol_error(openr2_chan_t *c, openr2_protocol_error_t error)
{
	(void)c;
	tell("error", "", openr2_proto_get_error(error), (int)error);
}

static void on_blocked(openr2_chan_t *c)
{
	(void)c;
	tell("blocked", "", "", 0);
}

static void on_idle(openr2_chan_t *c)
{
	(void)c;
	tell("idle", "", "", 0);
}

static void on_log(openr2_context_t *c, openr2_log_level_t level, const char *format, va_list arguments)
{
	(void)c;
	(void)level;
	(void)format;
	(void)arguments;
}

static int on_dnis_digit(openr2_chan_t *c, char digit)
{
	(void)c;
	(void)digit;
	return 1;
}

static void on_ani_digit(openr2_chan_t *c, char digit)
{
	(void)c;
	(void)digit;
}

static void on_pulse(openr2_chan_t *c)
{
	(void)c;
	tell("pulse", "", "", 0);
}

static openr2_event_interface_t events = {
        .on_call_init = on_init,
        .on_call_offered = on_offered,
        .on_call_accepted = on_accepted,
        .on_call_answered = on_answered,
        .on_call_disconnect = on_disconnect,
        .on_call_end = on_end,
        .on_call_read = on_read,
        .on_hardware_alarm = on_alarm,
        .on_os_error = on_os_error,
        .on_protocol_error = on_protocol_error,
        .on_line_blocked = on_blocked,
        .on_line_idle = on_idle,
        .on_context_log = on_log,
        .on_dnis_digit_received = on_dnis_digit,
        .on_ani_digit_received = on_ani_digit,
        .on_billing_pulse_received = on_pulse,
};

/* What libopenr2 calls in place of the C library and the kernel. */

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	(void)zone;
	tv->tv_sec = now->now_us / 1000000;
	tv->tv_usec = now->now_us % 1000000;
	return 0;
}

ssize_t read(int fd, void *into, size_t n)
{
	(void)fd;
	if (now->heard_n == 0) {
		errno = EAGAIN;
		return -1;
	}
	n = n < now->heard_n ? n : now->heard_n;
	memcpy(into, now->heard, n);
	now->heard_n = 0;
	return (ssize_t)n;
}

ssize_t write(int fd, const void *from, size_t n)
{
	(void)fd;
	if (now->said_n != 0) {
		errno = EAGAIN;
		return -1;
	}
	now->said_n = n < BLOCK ? n : BLOCK;
	memcpy(now->said, from, now->said_n);
	return (ssize_t)n;
}

static int multiplexed(int wanted)
{
	if ((wanted & DAHDI_IOMUX_SIGEVENT) && now->bits_changed)
		return DAHDI_IOMUX_SIGEVENT;
	if ((wanted & DAHDI_IOMUX_READ) && now->heard_n)
		return DAHDI_IOMUX_READ;
	return (wanted & DAHDI_IOMUX_WRITE) && now->said_n == 0 ? DAHDI_IOMUX_WRITE : 0;
}

static void describe(unsigned long request, void *argument)
{
	if (request == DAHDI_GET_PARAMS) {
		struct dahdi_params *parameters = argument;
		memset(parameters, 0, sizeof *parameters);
		parameters->sigtype = DAHDI_SIG_CAS;
	} else {
		struct dahdi_bufferinfo *buffers = argument;
		memset(buffers, 0, sizeof *buffers);
		buffers->numbufs = 1;
		buffers->bufsize = BLOCK;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	va_start(arguments, request);
	int *argument = va_arg(arguments, int *);
	va_end(arguments);
	switch (request) {
	case DAHDI_CHANNO:
		*argument = fd - FD + 1;
		return 0;
	case DAHDI_GET_PARAMS:
	case DAHDI_GET_BUFINFO:
		describe(request, argument);
		return 0;
	case DAHDI_SET_BUFINFO:
	case DAHDI_SETGAINS:
	case DAHDI_SETLAW:
	case DAHDI_ECHOCANCEL:
		return 0;
	case DAHDI_FLUSH:
		now->said_n = *argument & DAHDI_FLUSH_WRITE ? 0 : now->said_n;
		return 0;
	case DAHDI_SETTXBITS:
		now->said_bits = *argument;
		return 0;
	case DAHDI_GETRXBITS:
		*argument = now->heard_bits;
		return 0;
	case DAHDI_GETEVENT:
		*argument = now->bits_changed ? DAHDI_EVENT_BITSCHANGED : DAHDI_EVENT_NONE;
		now->bits_changed = 0;
		return 0;
	case DAHDI_IOMUX:
		*argument = multiplexed(*argument);
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

/* What the test calls. */

static int opened(const struct settings *s, openr2_variant_t variant)
{
	now->context = openr2_context_new(NULL, &events, NULL, variant, s->max_ani, s->max_dnis);
	if (!now->context)
		return 0;
	openr2_context_set_log_level(now->context, OR2_LOG_NOTHING);
	openr2_context_set_ani_first(now->context, s->ani_first);
	openr2_context_set_immediate_accept(now->context, s->immediate_accept);
	openr2_context_set_double_answer(now->context, s->double_answer);
	now->channel = openr2_chan_new_from_fd(now->context, FD, NULL, NULL);
	return now->channel && openr2_chan_set_idle(now->channel) == 0;
}

void stranger_free(struct stranger *one)
{
	now = one;
	if (one->context)
		openr2_context_delete(one->context); /* and its channel with it */
	free(one);
}

struct stranger *stranger_new(const struct settings *s)
{
	openr2_variant_t variant = openr2_proto_get_variant(s->variant);
	now = variant == OR2_VAR_UNKNOWN ? NULL : calloc(1, sizeof *now);
	if (!now)
		return NULL;
	now->now_us = TICK_US;
	if (opened(s, variant))
		return now;
	stranger_free(now);
	return NULL;
}

int stranger_tick(struct stranger *one, const uint8_t *heard, uint8_t *said, int heard_bits)
{
	now = one;
	now->now_us += TICK_US;
	memset(said, ALAW_IDLE, BLOCK);
	memcpy(said, now->said, now->said_n);
	now->said_n = 0;
	memcpy(now->heard, heard, BLOCK);
	now->heard_n = BLOCK;
	now->bits_changed |= heard_bits != now->heard_bits;
	now->heard_bits = heard_bits;
	openr2_chan_process_event(now->channel);
	return now->said_bits;
}

int stranger_call(struct stranger *one, const char *ani, const char *dnis, int category)
{
	now = one;
	return openr2_chan_make_call(now->channel, ani, dnis, (openr2_calling_party_category_t)category);
}

int stranger_accept(struct stranger *one, int mode)
{
	now = one;
	return openr2_chan_accept_call(now->channel, (openr2_call_mode_t)mode);
}

int stranger_answer(struct stranger *one)
{
	now = one;
	return openr2_chan_answer_call(now->channel);
}

int stranger_disconnect(struct stranger *one, int cause)
{
	now = one;
	return openr2_chan_disconnect_call(now->channel, (openr2_call_disconnect_cause_t)cause);
}

int stranger_block(struct stranger *one)
{
	now = one;
	return openr2_chan_set_blocked(now->channel);
}

int stranger_unblock(struct stranger *one)
{
	now = one;
	return openr2_chan_set_idle(now->channel);
}

int stranger_take(struct stranger *one, struct told *told)
{
	if (one->told_n == 0)
		return 0;
	*told = one->told[0];
	memmove(one->told, one->told + 1, --one->told_n * sizeof *told);
	return 1;
}
