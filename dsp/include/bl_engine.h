/* SPDX-License-Identifier: GPL-2.0-only */
/* The media engine: one thread, a 5 ms tick, everything it must remember in a segment. */
#ifndef BL_ENGINE_H
#define BL_ENGINE_H

struct bl_engine;

/*
 * Map the segment, repair what a killed engine may have torn, bind all sockets again. 0 or -errno.
 * `event_fds`: BL_CLIENTS eventfds, -1 for clients that do not exist; neither they nor the segment's are closed.
 * `own_process`: lock memory, where that is permitted.
 */
int bl_engine_open(int segment_fd, const int *event_fds, int own_process, struct bl_engine **engine);
/* Tick until header.stop, in a real-time priority where that is permitted. 0 or -errno. */
int bl_engine_run(struct bl_engine *engine);
/* One tick without waiting for its time: for tests, whose minutes then are seconds. */
void bl_engine_tick(struct bl_engine *engine);
/* From now on a fatal signal is told on standard error with a backtrace, for the calling thread. 0 or -errno. */
int bl_engine_tell_crashes(void);
/* Free everything; the table stays. */
void bl_engine_close(struct bl_engine *engine);

#endif
