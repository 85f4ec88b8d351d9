// SPDX-License-Identifier: GPL-2.0-or-later
/* See download.h. For builds without libcurl. */
#include "feed/download.h"

#include <errno.h>

int download(struct download *download, struct fault *fault)
{
	(void)download;
	return fault_set(fault, -ENOSYS,
			 "built without libcurl; fetch the file yourself and name it with 'file'");
}
