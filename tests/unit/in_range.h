/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both ends included, of integers that are not negative. cmocka's own is deprecated in cmocka 2,
 * and what stands for it there does not exist in cmocka 1. */
#pragma once

#define assert_within(value, least, most)                                                          \
	do {                                                                                       \
		unsigned long long within_ = (unsigned long long)(value);                          \
                                                                                                   \
		if (within_ < (unsigned long long)(least) || within_ > (unsigned long long)(most)) \
			fail_msg("%llu is not from %llu to %llu", within_,                         \
				 (unsigned long long)(least), (unsigned long long)(most));         \
	} while (0)
