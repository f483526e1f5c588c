/* SPDX-License-Identifier: GPL-2.0-only */
/* A sample times a factor with `fraction` bits, rounded and cut off: what gain and automatic gain share. */
#ifndef BL_GAIN_SCALE_H
#define BL_GAIN_SCALE_H

#include <stdint.h>

static inline int16_t scaled(int16_t sample, int16_t factor, int fraction)
{
	int32_t product = (sample * factor + (1 << (fraction - 1))) >> fraction;

	return (int16_t)(product < INT16_MIN ? INT16_MIN : product > INT16_MAX ? INT16_MAX : product);
}

#endif
