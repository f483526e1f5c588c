/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening, running and closing the engine: everything that may allocate, and the loop that may not. */
#define _GNU_SOURCE
#include "bl_engine.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

#define PRIORITY 20       /* of SCHED_FIFO: above all that is not a driver's thread */
#define SKIP_NS 200000000 /* so late, ticks are left out instead of caught up */

/* Both are a matter of permission; without them the engine runs, and the header shows it. */
static void become_real_time(struct bl_engine *e)
{
	struct sched_param priority = {.sched_priority = PRIORITY};
	struct bl_header *h = &e->segment->header;

	h->policy_fifo = 0;
	prctl(PR_SET_TIMERSLACK, 1ul);
	h->policy_fifo = sched_setscheduler(0, SCHED_FIFO, &priority) == 0; /* this thread and what it starts */
	if (e->own_process)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

static void close_ports(struct bl_engine *e)
{
	for (unsigned i = 0; i < BL_SPANS; i++)
		bl_span_release(e, i);
	for (unsigned i = 0; i < BL_RTP_PORTS; i++) {
		bl_rtp_unbind(e, BL_RTP_FIRST + i);
		bl_secure_suspend(e, BL_RTP_FIRST + i);
	}
	if (e->epoll_fd >= 0)
		close(e->epoll_fd);
}

static void clear_descriptors(struct bl_engine *e, const int *event_fds)
{
	memcpy(e->event_fds, event_fds, sizeof e->event_fds);
	memset(e->span_fds, -1, sizeof e->span_fds);
	memset(e->sockets, -1, sizeof e->sockets);
	e->epoll_fd = -1;
}

int bl_engine_open(int segment_fd, const int *event_fds, int own_process, struct bl_engine **engine)
{
	if (!event_fds || !engine)
		return -EINVAL;

	struct bl_engine *e = calloc(1, sizeof *e);
	int error;

	if (!e)
		return -ENOMEM;
	clear_descriptors(e, event_fds);
	e->own_process = own_process;
	e->segment = bl_segment_map(segment_fd);
	e->epoll_fd = e->segment ? epoll_create1(EPOLL_CLOEXEC) : -1;
	if (e->epoll_fd < 0) {
		error = -errno;
		bl_engine_close(e);
		return error;
	}
	e->segment->header.pid = (uint32_t)getpid();
	bl_mark_follow(e);
	bl_table_resume(e);
	*engine = e;
	return 0;
}

static void sleep_until(int64_t at_ns)
{
	struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* Stopped for so long (a debugger, a frozen machine) that catching up would hurt more than a gap. */
static void skip(struct bl_engine *e, int64_t late_ns)
{
	uint64_t ticks = (uint64_t)(late_ns / BL_TICK_NS);

	e->tick.deadline_ns = bl_clock_advance(e, ticks);
	e->tick.missed = ticks * BL_TICK_SAMPLES;
	e->tick.sample += e->tick.missed;
	e->segment->header.skipped_ticks += ticks;
	bl_spans_resume(e);
	bl_orphans_forgive(e);
	for (unsigned i = 0; i < BL_RTP_PORTS; i++)
		bl_jitter_reset(&e->segment->rtp[i].jitter);
}

static void note_cpu(struct bl_header *h, uint64_t before)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	h->cpu_ns = before + (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_now(void)
{
	struct bl_header h;

	note_cpu(&h, 0);
	return h.cpu_ns;
}

int bl_engine_run(struct bl_engine *e)
{
	if (!e)
		return -EINVAL;

	struct bl_header *h = &e->segment->header;
	uint64_t cpu_before = h->cpu_ns - cpu_now();
	int error;

	become_real_time(e);
	error = bl_reference_start(e);
	if (error)
		return error;
	while (!bl_stop_asked(h)) {
		int64_t late;

		sleep_until(e->tick.deadline_ns);
		late = bl_now_ns() - e->tick.deadline_ns;
		bl_lateness_tick(e, late);
		if (late > SKIP_NS)
			skip(e, late);
		bl_engine_tick(e);
		note_cpu(h, cpu_before);
	}
	bl_reference_stop(e);
	return 0;
}

void bl_engine_close(struct bl_engine *e)
{
	if (!e)
		return;
	close_ports(e);
	if (e->segment)
		bl_segment_unmap(e->segment);
	free(e);
}
