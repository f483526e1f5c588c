/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How late ticks begin, and whose fault it is.
 *
 * A machine's stall (a hypervisor that takes the core away, firmware) delays every thread of the core; the engine's own
 * fault delays the engine alone. So an idle thread of the tick's period sleeps on the tick's core, one step above it,
 * and notes when it was woken late. A late tick is judged once that thread has been awake after it: it is the engine's
 * own where no stall of the idle thread lies over it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "machine.h"

#define LATE_NS 10000000
#define TICK_WORK_NS 1000000
/* A stall that makes a tick so late begins up to a period before the idle thread's time, and may cut a tick in two. */
#define STALL_NS (LATE_NS - BL_TICK_NS - TICK_WORK_NS)

static void note(struct bl_lateness *l, int64_t late_ns)
{
	uint64_t late = late_ns > 0 ? (uint64_t)late_ns : 0;
	unsigned place = 0;

	for (uint64_t us = late / 1000; us && place < BL_HISTOGRAM - 1; us >>= 1)
		place++;
	l->histogram[place]++;
	if (late > l->worst_ns)
		l->worst_ns = late;
	l->late += late > LATE_NS;
}

static bool stalled(const struct bl_reference *r, const struct bl_late *late)
{
	uint32_t count = __atomic_load_n(&r->stalls, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < BL_STALLS && i < count; i++)
		if (__atomic_load_n(&r->from_ns[i], __ATOMIC_RELAXED) < late->until_ns &&
		    __atomic_load_n(&r->until_ns[i], __ATOMIC_RELAXED) > late->from_ns)
			return true;
	return false;
}

static void judge(struct bl_engine *e)
{
	const struct bl_reference *r = &e->reference;
	struct bl_late *late = &e->late;

	if (!late->count || __atomic_load_n(&r->seen_ns, __ATOMIC_ACQUIRE) <= late->until_ns)
		return;
	if (!stalled(r, late))
		e->segment->header.late_alone += late->count;
	late->count = 0;
}

/* The tick under way began `late_ns` after its deadline. */
void bl_lateness_tick(struct bl_engine *e, int64_t late_ns)
{
	struct bl_late *late = &e->late;

	note(&e->segment->header.tick, late_ns);
	__atomic_store_n(&e->reference.cpu, sched_getcpu(), __ATOMIC_RELAXED);
	judge(e);
	if (late_ns <= LATE_NS)
		return;
	if (!late->count++)
		late->from_ns = e->tick.deadline_ns;
	late->until_ns = e->tick.deadline_ns + late_ns;
}

static void follow(const struct bl_reference *r, int *on)
{
	int cpu = __atomic_load_n(&r->cpu, __ATOMIC_RELAXED);
	cpu_set_t set;

	if (cpu == *on || cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	if (!pthread_setaffinity_np(pthread_self(), sizeof set, &set))
		*on = cpu;
}

static void note_stall(struct bl_reference *r, int64_t from, int64_t until)
{
	uint32_t place = r->stalls % BL_STALLS;

	__atomic_store_n(&r->from_ns[place], from, __ATOMIC_RELAXED);
	__atomic_store_n(&r->until_ns[place], until, __ATOMIC_RELAXED);
	__atomic_store_n(&r->stalls, r->stalls + 1, __ATOMIC_RELEASE);
}

/* One step above the tick, where it is permitted at all. */
static void rise(void)
{
	struct sched_param priority;
	int policy;

	if (pthread_getschedparam(pthread_self(), &policy, &priority) || policy != SCHED_FIFO)
		return;
	priority.sched_priority++;
	(void)pthread_setschedparam(pthread_self(), policy, &priority);
}

static void *reference(void *context)
{
	struct bl_engine *e = context;
	struct bl_reference *r = &e->reference;
	int64_t next = bl_now_ns();
	int on = -1;

	rise();
	while (!bl_stop_asked(&e->segment->header)) {
		struct timespec at = {next / 1000000000, next % 1000000000};
		int64_t now;

		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
			;
		now = bl_now_ns();
		note(&e->segment->header.reference, now - next);
		if (now - next > STALL_NS)
			note_stall(r, next, now);
		__atomic_store_n(&r->seen_ns, now, __ATOMIC_RELEASE);
		next += now - next > 20 * BL_TICK_NS ? (now - next) / BL_TICK_NS * BL_TICK_NS : BL_TICK_NS;
		follow(r, &on);
	}
	return NULL;
}

int bl_reference_start(struct bl_engine *e)
{
	e->reference.cpu = -1;
	return -pthread_create(&e->reference.thread, NULL, reference, e);
}

void bl_reference_stop(struct bl_engine *e)
{
	pthread_join(e->reference.thread, NULL);
}
