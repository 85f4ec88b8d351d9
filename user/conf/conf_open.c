// SPDX-License-Identifier: GPL-2.0-or-later
/* What a new [class NAME], [service NAME], [list NAME] or [log NAME] begins with. */
#include "conf/load.h"

#include <stdio.h>
#include <string.h>

long conf_open_class(struct conf_load *load, const char *name)
{
	struct config *config = load->config;
	size_t index = config->class_count;

	if (!strcmp(name, "pass") || !strcmp(name, "deny")) {
		conf_fault(load, NULL, "the class '%s' is built in; choose another name", name);
		return -1;
	}
	if (index == CLASS_MAX) {
		conf_fault(load, NULL, "there are more than %d classes", CLASS_MAX - 2);
		return -1;
	}
	snprintf(config->classes[index].name, CONFIG_NAME_SIZE, "%s", name);
	config->class_count++;
	return (long)index;
}

long conf_open_service(struct conf_load *load, const char *name)
{
	struct config *config = load->config;
	size_t index = config->service_count;

	for (size_t i = 0; i < index; i++)
		if (!strcmp(config->services[i].name, name))
			return (long)i; /* a built-in one */
	if (index == SERVICE_MAX - 1) {
		conf_fault(load, NULL,
			   "there are more than %d services, the built-in ones included",
			   SERVICE_MAX - 1);
		return -1;
	}
	snprintf(config->services[index].name, CONFIG_NAME_SIZE, "%s", name);
	config->service_count++;
	return (long)index;
}

long conf_open_list(struct conf_load *load, const char *name)
{
	struct config *config = load->config;
	struct config_list *lists;

	if (config->list_count == LIST_MAX - 1) {
		conf_fault(load, NULL, "there are more than %d lists", LIST_MAX - 1);
		return -1;
	}
	lists = conf_append(load, config->lists, &config->list_count, sizeof(*lists));
	if (!lists)
		return -1;
	config->lists = lists;
	snprintf(lists[config->list_count - 1].name, CONFIG_NAME_SIZE, "%s", name);
	return (long)config->list_count - 1;
}

long conf_open_log(struct conf_load *load, const char *name)
{
	struct config *config = load->config;
	struct config_log *logs =
		conf_append(load, config->logs, &config->log_count, sizeof(*logs));

	if (!logs)
		return -1;
	config->logs = logs;
	snprintf(logs[config->log_count - 1].name, CONFIG_NAME_SIZE, "%s", name);
	return (long)config->log_count - 1;
}
