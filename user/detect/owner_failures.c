// SPDX-License-Identifier: GPL-2.0-or-later
/* Since when a source fails on an account that knows it: suddenly, as when the server is ill, or
 * for days, as a device with an old password does. A few bits of struct login_source; see
 * accounts.h. */
#include "detect/accounts_internal.h"

#define HALF_HOUR_NS (1800 * NS_PER_S)
#define HALF_HOURS   510 /* they are counted round: more than PAUSE_DAYS */
#define LONG_AGO     511U
#define LATE	     48 /* half hours that a line may come late */
#define DAYS	     255
#define PAUSE_DAYS   8
#define DEVICE_NS    (90 * ACCOUNTS_DAY_NS)

static unsigned day_of(int64_t now_ns)
{
	return (unsigned)(now_ns > 0 ? now_ns / ACCOUNTS_DAY_NS % DAYS : 0) + 1;
}

static unsigned half_hour_of(int64_t now_ns)
{
	return (unsigned)(now_ns > 0 ? now_ns / HALF_HOUR_NS % HALF_HOURS : 0) + 1;
}

/* Whether the failures had stopped, so that a new one is the first. */
static bool had_stopped(const struct login_source *login, int64_t now_ns)
{
	unsigned passed = (day_of(now_ns) + DAYS - login->failed_day) % DAYS;

	return !login->failed_day || (passed > PAUSE_DAYS && passed < DAYS - 1);
}

void accounts_note_failure(struct standing *standing, int64_t now_ns)
{
	struct login_source *login = standing->login;
	unsigned passed;

	if (login && standing->forgotten && place_came_on_two_days(login) &&
	    !had_stopped(login, now_ns) && accounts_within(login->last_ns, now_ns, DEVICE_NS))
		standing->trust = TRUST_OWN;
	if (!login || standing->trust != TRUST_OWN)
		return;
	if (had_stopped(login, now_ns) ||
	    (!login->failing_since && login->failed_day != day_of(now_ns)))
		login->failing_since = half_hour_of(now_ns) & LONG_AGO;
	else if (!login->failing_since) /* it failed and logged in today: one device does, one not */
		login->failing_since = LONG_AGO;
	passed = (half_hour_of(now_ns) + HALF_HOURS - (unsigned)login->failing_since) % HALF_HOURS;
	if (login->failing_since != LONG_AGO && passed > 1 && passed < HALF_HOURS - LATE)
		login->failing_since = LONG_AGO;
	login->failed_day = day_of(now_ns) & 0xff;
	standing->suddenly = login->failing_since != LONG_AGO;
}

void login_source_succeeds(struct login_source *login, int64_t now_ns)
{
	/* Where a device has failed for long, another one's login changes nothing. Else the day of
	 * the failure stays. */
	if (login->failed_day && had_stopped(login, now_ns))
		login->failing_since = login->failed_day = 0;
	else if (login->failing_since != LONG_AGO)
		login->failing_since = 0;
}
