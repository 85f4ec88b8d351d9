// SPDX-License-Identifier: GPL-2.0-or-later
/* What a device's driver does to packets before the gate sees them. */
#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "doctor/doctor.h"
#include "net/driver.h"

static uint32_t offload_flags(int fd, const char *name)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_data = (void *)&value;
	return ioctl(fd, SIOCETHTOOL, &request) ? 0 : value.data;
}

/* A VLAN device is "upper_eth0.5" below the device it is on. */
static bool has_vlan(const char *name)
{
	char path[128];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%.15s", name);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		char vlan[512];

		if (strncmp(entry->d_name, "upper_", 6) != 0)
			continue;
		snprintf(vlan, sizeof(vlan), "/proc/net/vlan/%s", entry->d_name + 6);
		found = !access(vlan, F_OK);
	}
	if (dir)
		closedir(dir);
	return found;
}

void doctor_ask_device(struct doctor_device *device)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct driver driver;
	uint32_t flags;

	if (fd < 0)
		return;
	flags = offload_flags(fd, device->name);
	device->lro = flags & ETH_FLAG_LRO;
	device->strips_vlan = flags & ETH_FLAG_RXVLAN;
	device->has_vlan = has_vlan(device->name);
	driver_ask(if_nametoindex(device->name), device->name, &driver);
	device->mtu = driver.mtu;
	memcpy(device->driver, driver.name, sizeof(device->driver));
}
