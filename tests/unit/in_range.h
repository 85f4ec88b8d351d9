/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka 2 has this name and deprecates assert_in_range(), which is all that cmocka 1 has. */
#pragma once

#ifndef assert_uint_in_range
#define assert_uint_in_range(value, least, most) assert_in_range(value, least, most)
#endif
