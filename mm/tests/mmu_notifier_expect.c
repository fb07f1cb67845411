// SPDX-License-Identifier: GPL-2.0-only
/* Reports that a case expects to find on the console. */

#include <kunit/test.h>
#include <linux/debug_locks.h>
#include <linux/string.h>

#include "mmu_notifier_expect.h"
#include "mmu_notifier_helpers.h"

/* The report that the case expects. */
static struct {
	const char *kind;
	/* For lockdep: the lock that is about to be taken, and the one held. */
	const char *acquired;
	const char *held;
	bool alone;
	/* For others: text that follows the kind. */
	const char *text;
} expected;

static void expect_lockdep(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "needs CONFIG_PROVE_LOCKING");
	if (!debug_locks)
		kunit_skip(test, "lockdep is off: it has reported something");
}

static void expect_report(struct kunit *test)
{
	static bool done;

	if (done)
		kunit_skip(test, "another case has had its report in this boot");
	done = true;
	mn_reports_begin(test->priv);
}

static void expect_report_on_locks(struct kunit *test, const char *kind,
				   const char *acquired, const char *held)
{
	expect_lockdep(test);
	expected.kind = kind;
	expected.acquired = acquired;
	expected.held = held;
	expect_report(test);
}

#define CIRCLE		"WARNING: possible circular locking dependency detected"
#define RECURSION	"WARNING: possible recursive locking detected"

void mn_expect_circle(struct kunit *test, const char *acquired,
		      const char *held)
{
	expect_report_on_locks(test, CIRCLE, acquired, held);
}

void mn_expect_order(struct kunit *test, const char *acquired, const char *held)
{
	expected.alone = true;
	mn_expect_circle(test, acquired, held);
}

void mn_expect_recursion(struct kunit *test, const char *lock)
{
	expect_report_on_locks(test, RECURSION, lock, lock);
}

void mn_expect_sleep(struct kunit *test, const char *where)
{
	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");
	expected.kind = "BUG: sleeping function called from invalid context";
	expected.text = where;
	expect_report(test);
}

/* A WARN by the core, in the function or in one that is inlined there. */
void mn_expect_warning(struct kunit *test, const char *function)
{
	expected.kind = "mm/mmu_";
	expected.text = function;
	expect_report(test);
}

/* A range that is still active on return to user space. */
void mn_expect_held_in_user_space(struct kunit *test)
{
	expect_lockdep(test);
	expected.kind = "WARNING: lock held when returning to user space";
	expected.text = MN_SRCU;
	expect_report(test);
}

/* The name of a lock in a report, which prints "(NAME){...}-{...}". */
struct lock_name {
	const char *at;
	size_t len;
};

/* The first lock name after @mark. */
static struct lock_name lock_after(const char *text, const char *mark)
{
	struct lock_name name = { };
	const char *end;

	text = strstr(text, mark);
	text = text ? strchr(text + strlen(mark), '(') : NULL;
	end = text ? strstr(text, "){") : NULL;
	if (end) {
		name.at = text + 1;
		name.len = end - name.at;
	}
	return name;
}

static bool is_lock(struct lock_name name, const char *wanted)
{
	static const char of_the_mm[] = "&sections->";

	if (!name.at)
		return false;
	if (!strcmp(wanted, MN_WAIT))
		return is_lock(name, MN_SRCU) || is_lock(name, MN_INVALIDATION);
	if (!strcmp(wanted, MN_SRCU) && strstarts(name.at, of_the_mm))
		return true;
	return name.len == strlen(wanted) &&
	       !memcmp(name.at, wanted, name.len);
}

/*
 * A circle has the two locks and, unless it is about SRCU or deferred removals, the
 * map of invalidations. What is allowed may come between; any other lock is wrong.
 */
static void expect_chain(struct kunit *test, const char *text)
{
	static const char link[] = "-> #";
	bool acquired = false, held = false, map = false;
	struct lock_name name;

	for (; (text = strstr(text, link)); text += strlen(link)) {
		name = lock_after(text, link);
		if (is_lock(name, expected.acquired))
			acquired = true;
		else if (is_lock(name, expected.held))
			held = true;
		else if (!is_lock(name, MN_INVALIDATION) &&
			 !is_lock(name, MN_FS_RECLAIM) &&
			 !is_lock(name, MN_SRCU))
			KUNIT_FAIL(test, "%.*s is in the chain", (int)name.len,
				   name.at);
		map |= is_lock(name, MN_INVALIDATION);
	}
	KUNIT_EXPECT_TRUE_MSG(test, acquired, "%s is not in the chain",
			      expected.acquired);
	KUNIT_EXPECT_TRUE_MSG(test, held, "%s is not in the chain",
			      expected.held);
	map |= expected.alone || strstarts(expected.acquired, MN_SRCU) ||
	       !strcmp(expected.acquired, MN_RELEASED);
	KUNIT_EXPECT_TRUE_MSG(test, map,
			      "the map of invalidations is not in the chain");
}

static void expect_locks(struct kunit *test, const char *text)
{
	struct lock_name name;

	name = lock_after(text, "is trying to acquire lock:");
	KUNIT_EXPECT_TRUE_MSG(test, is_lock(name, expected.acquired),
			      "it is about to take %.*s, not %s", (int)name.len,
			      name.at, expected.acquired);
	name = lock_after(text, "but task is already holding lock:");
	KUNIT_EXPECT_TRUE_MSG(test, is_lock(name, expected.held),
			      "it holds %.*s, not %s", (int)name.len, name.at,
			      expected.held);
}

void mn_expect_end(struct kunit *test)
{
	const char *text = mn_reports_text();

	/* Exactly one report, the expected one. */
	KUNIT_EXPECT_EQ(test, mn_reports_end(test->priv), 1);
	text = strstr(text, expected.kind);
	if (!text) {
		KUNIT_FAIL(test, "no '%s'", expected.kind);
		return;
	}
	if (expected.text)
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, expected.text),
					  "no '%s' in it", expected.text);
	if (expected.acquired)
		expect_locks(test, text);
	if (!strcmp(expected.kind, CIRCLE))
		expect_chain(test, text);
}

void mn_expect_silence(struct kunit *test)
{
	expect_lockdep(test);
	mn_reports_begin(test->priv);
}

void mn_expect_silence_end(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, mn_reports_end(test->priv), 0);
	KUNIT_EXPECT_TRUE_MSG(test, debug_locks, "lockdep went off");
}
