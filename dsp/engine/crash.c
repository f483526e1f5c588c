/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fatal signal leaves on standard error where it struck, and goes on to whoever had it before: Python's own handler
 * (faulthandler), then the end. Nothing else of the process changes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "bl_engine.h"

#define FRAMES 64
#define STACK_OCTETS 65536
#define SIGNALS (sizeof(fatal) / sizeof(fatal[0]))

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static struct sigaction before[SIGNALS];
static char stack[STACK_OCTETS]; /* a stack that has overflowed holds no handler */

static void tell(int number, siginfo_t *info, void *context)
{
	static const char head[] = "Media engine, where it was (innermost first):\n";
	void *frames[FRAMES];
	int count = backtrace(frames, FRAMES);

	(void)context;
	if (write(STDERR_FILENO, head, sizeof(head) - 1) > 0)
		backtrace_symbols_fd(frames, count, STDERR_FILENO);
	for (size_t i = 0; i < SIGNALS; i++)
		if (fatal[i] == number)
			sigaction(number, &before[i], NULL);
	if (info->si_code <= 0) /* sent, so it does not come again by itself when we return */
		raise(number);
}

int bl_engine_tell_crashes(void)
{
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction ours = {.sa_sigaction = tell, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	void *frames[1];

	backtrace(frames, 1); /* loads what it needs now; in a handler it could not */
	if (sigaltstack(&alternate, NULL))
		return -errno;
	for (size_t i = 0; i < SIGNALS; i++)
		if (sigaction(fatal[i], &ours, &before[i]))
			return -errno;
	return 0;
}
