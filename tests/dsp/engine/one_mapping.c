/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For ThreadSanitizer, which knows memory by its address: clients and engine share one mapping of the segment, so that
 * what one writes and the other reads is seen. Linked with --wrap=mmap --wrap=munmap.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *address, size_t length);

static void *mapped = MAP_FAILED;

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	if (mapped == MAP_FAILED)
		mapped = __real_mmap(address, length, protection, flags, fd, offset);
	return mapped;
}

int __wrap_munmap(void *address, size_t length)
{
	(void)address;
	(void)length;
	return 0;
}
