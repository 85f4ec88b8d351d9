// SPDX-License-Identifier: GPL-2.0-or-later
/* A build without hiredis has no engine. */
#include "fleet/engine.h"

#include <errno.h>

bool engine_has_tls(void)
{
	return false;
}

int engine_new(const struct engine_settings *settings, int64_t now_ms, struct engine **engine,
	       struct fault *fault)
{
	(void)settings;
	(void)now_ms;
	(void)engine;
	return fault_set(fault, -ENOTSUP,
			 "this build has no hiredis; install libhiredis-dev and build again");
}

void engine_free(struct engine *engine)
{
	(void)engine;
}

void engine_polls(struct engine *engine, struct pollfd polls[ENGINE_POLLS])
{
	(void)engine;
	for (size_t i = 0; i < ENGINE_POLLS; i++)
		polls[i].fd = -1;
}

int engine_wait_ms(const struct engine *engine, int64_t now_ms, int most_ms)
{
	(void)engine;
	(void)now_ms;
	return most_ms;
}

void engine_work(struct engine *engine, const struct pollfd polls[ENGINE_POLLS], int64_t now_ms)
{
	(void)engine;
	(void)polls;
	(void)now_ms;
}

size_t engine_room(const struct engine *engine)
{
	(void)engine;
	return 0;
}

void engine_append(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms,
		   int64_t now_wall_ms)
{
	(void)engine;
	(void)bytes;
	(void)size;
	(void)now_ms;
	(void)now_wall_ms;
}

void engine_keep(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms)
{
	(void)engine;
	(void)bytes;
	(void)size;
	(void)now_ms;
}

void engine_get_state(const struct engine *engine, struct engine_state *state)
{
	(void)engine;
	*state = (struct engine_state){ .server = "" };
}
