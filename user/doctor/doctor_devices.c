// SPDX-License-Identifier: GPL-2.0-or-later
/* What a device's driver does to packets before the gate sees them. */
#include <string.h>

#include "doctor/doctor.h"
#include "net/driver.h"

void doctor_ask_device(struct doctor_device *device)
{
	struct driver driver;

	driver_ask(if_nametoindex(device->name), device->name, &driver);
	device->lro = driver.lro;
	device->strips_vlan = driver.strips_vlan;
	device->has_vlan = driver.has_vlan;
	device->mtu = driver.mtu;
	memcpy(device->driver, driver.name, sizeof(device->driver));
}
