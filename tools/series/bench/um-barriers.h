/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What barriers between CPUs cost on x86-64. In user mode each of them is a fence, and an
 * acquire or a release is a full one: 20 ns that x86-64 does not add, where a lock costs 10.
 * wall.sh includes this before all else.
 */
#ifndef __ASSEMBLY__

#define __smp_mb()	asm volatile("lock; addl $0, -4(%%rsp)" : : : "memory", "cc")
#define __smp_rmb()	asm volatile("" : : : "memory")
#define __smp_wmb()	asm volatile("" : : : "memory")

#define __smp_store_release(p, v)					\
do {									\
	compiletime_assert_atomic_type(*(p));				\
	asm volatile("" : : : "memory");				\
	WRITE_ONCE(*(p), v);						\
} while (0)

#define __smp_load_acquire(p)						\
({									\
	typeof(*(p)) __value = READ_ONCE(*(p));				\
	compiletime_assert_atomic_type(*(p));				\
	asm volatile("" : : : "memory");				\
	__value;							\
})

/* Atomic operations are full barriers. */
#define __smp_mb__before_atomic()	do { } while (0)
#define __smp_mb__after_atomic()	do { } while (0)

#endif
