/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What the module shapes.c is asked for by the program drive.c. */
#ifndef _SHAPES_UAPI_H
#define _SHAPES_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Over all files, since the module was loaded. */
struct shapes_counts {
	__u32 inserted, removed, collided, invalidated, stale;
	__u32 registered, unregistered, starts, ends, released;
};

/* Let the mm be prepared for intervals, which faults need. */
#define SHAPES_PREPARE	_IO('S', 0)
/* Read the page at this address, with an interval of its own. */
#define SHAPES_FAULT	_IOW('S', 1, __u64)
/* Register a notifier of the mm with end and release; with start and end, so many. */
#define SHAPES_END	_IO('S', 2)
#define SHAPES_MANY	_IOW('S', 3, __u32)
#define SHAPES_COUNTS	_IOR('S', 4, struct shapes_counts)

#endif
