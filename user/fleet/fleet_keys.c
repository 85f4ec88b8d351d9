// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_keys.h. */
#include "fleet/fleet_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_MOST 4096
#define BEGIN	  "-----BEGIN PRIVATE KEY-----"
#define END	  "-----END PRIVATE KEY-----"

/* DER of an Ed25519 key, up to its 32 bytes (RFC 8410, 4 and 7). */
static const uint8_t public_head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
				       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const uint8_t private_head[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
					0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };

/* ---- text ---- */

/* Decodes `size` characters of base64 into at most `most` bytes. Returns the number of bytes; 0: it
 * is not base64. */
static size_t decode(const char *text, size_t size, uint8_t *bytes, size_t most)
{
	struct base64_decode_ctx context;
	uint8_t decoded[BASE64_DECODE_LENGTH(256)];
	size_t count = sizeof(decoded);

	base64_decode_init(&context);
	if (size > 256 || !base64_decode_update(&context, &count, decoded, size, text) ||
	    !base64_decode_final(&context) || count > most)
		count = 0;
	memcpy(bytes, decoded, count);
	fleet_wipe(decoded, sizeof(decoded));
	return count;
}

int fleet_public_parse(const char *text, uint8_t public[FLEET_KEY_SIZE])
{
	uint8_t bytes[sizeof(public_head) + FLEET_KEY_SIZE];
	size_t size = decode(text, strlen(text), bytes, sizeof(bytes));

	if (size == FLEET_KEY_SIZE) {
		memcpy(public, bytes, FLEET_KEY_SIZE);
		return 0;
	}
	if (size != sizeof(bytes) || memcmp(bytes, public_head, sizeof(public_head)))
		return -EINVAL;
	memcpy(public, bytes + sizeof(public_head), FLEET_KEY_SIZE);
	return 0;
}

void fleet_public_format(const uint8_t public[FLEET_KEY_SIZE], char text[FLEET_PUBLIC_TEXT])
{
	uint8_t bytes[sizeof(public_head) + FLEET_KEY_SIZE];

	memcpy(bytes, public_head, sizeof(public_head));
	memcpy(bytes + sizeof(public_head), public, FLEET_KEY_SIZE);
	base64_encode_raw(text, sizeof(bytes), bytes);
	text[FLEET_PUBLIC_TEXT - 1] = '\0';
}

/* ---- reading ---- */

static void find(const char *path, char found[PATH_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY"), *slash = strrchr(path, '/');

	if (folder && *folder) {
		snprintf(found, PATH_MAX, "%s/%s", folder, slash ? slash + 1 : path);
		if (!access(found, F_OK))
			return;
	}
	snprintf(found, PATH_MAX, "%s", path);
}

static int read_private(const char *path, char **text, struct fault *fault)
{
	char found[PATH_MAX];
	struct stat about;
	size_t size = 0;
	int error;

	find(path, found);
	error = file_read(found, FILE_MOST, text, &size);
	if (!error && stat(found, &about))
		error = -errno;
	if (error)
		return fault_set(fault, error, "cannot read %s: %s", path, strerror(-error));
	if (about.st_mode & S_IRWXO)
		return fault_set(fault, -EACCES, "others may read %s; chmod 600 it", path);
	return 0;
}

static void wipe_text(char **text)
{
	if (*text)
		fleet_wipe(*text, strlen(*text));
	free(*text);
}

int fleet_key_read(const char *path, struct fleet_signer *signer, struct fault *fault)
{
	_cleanup_(wipe_text) char *text = NULL;
	uint8_t bytes[sizeof(private_head) + FLEET_KEY_SIZE];
	const char *begin, *end;
	int error = read_private(path, &text, fault);

	if (error)
		return error;
	begin = strstr(text, BEGIN);
	begin = begin ? begin + strlen(BEGIN) : NULL;
	end = begin ? strstr(begin, END) : NULL;
	if (!end || decode(begin, (size_t)(end - begin), bytes, sizeof(bytes)) != sizeof(bytes) ||
	    memcmp(bytes, private_head, sizeof(private_head)))
		return fault_set(
			fault, -EINVAL,
			"%s has no Ed25519 key; `sekisho fleet key --output FILE` makes one", path);
	memcpy(signer->seed, bytes + sizeof(private_head), FLEET_KEY_SIZE);
	fleet_wipe(bytes, sizeof(bytes));
	fleet_signer_derive(signer);
	return 0;
}

int fleet_secret_read(const char *path, uint8_t (*secrets)[FLEET_KEY_SIZE], size_t most,
		      size_t *count, struct fault *fault)
{
	_cleanup_(wipe_text) char *text = NULL;
	int error = read_private(path, &text, fault);
	char *rest = text, *line;

	*count = 0;
	while (!error && (line = strsep(&rest, "\n"))) {
		size_t size = strlen(line);

		if (!size || *line == '#')
			continue;
		if (*count == most ||
		    decode(line, size, secrets[*count], FLEET_KEY_SIZE) != FLEET_KEY_SIZE)
			return fault_set(fault, -EINVAL,
					 "%s has not one or %zu lines with a secret each; `sekisho "
					 "fleet key --secret --output FILE` makes one",
					 path, most);
		++*count;
	}
	if (!error && !*count)
		return fault_set(fault, -EINVAL, "%s has no secret", path);
	return error;
}

int fleet_password_read(const char *path, char **password, struct fault *fault)
{
	int error = read_private(path, password, fault);

	if (error)
		return error;
	(*password)[strcspn(*password, "\r\n")] = '\0';
	if (!**password)
		return fault_set(fault, -EINVAL, "%s has no password in its first line", path);
	return 0;
}

/* ---- writing ---- */

static int write_private(const char *path, const char *text, struct fault *fault)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t size = strlen(text);

	if (fd < 0 && errno == EEXIST)
		return fault_set(
			fault, -EEXIST,
			"%s exists, and is not replaced: what it signs or hashes is known to "
			"others by it; remove it first if it is to go",
			path);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size || fsync(fd)) {
		int error = errno ? -errno : -EIO;

		return fault_set(fault, error, "cannot write %s: %s", path, strerror(-error));
	}
	return 0;
}

int fleet_key_write(const char *path, const struct fleet_signer *signer, struct fault *fault)
{
	uint8_t bytes[sizeof(private_head) + FLEET_KEY_SIZE];
	char base64[BASE64_ENCODE_RAW_LENGTH(sizeof(bytes)) + 1] = "", text[256];
	int error;

	memcpy(bytes, private_head, sizeof(private_head));
	memcpy(bytes + sizeof(private_head), signer->seed, FLEET_KEY_SIZE);
	base64_encode_raw(base64, sizeof(bytes), bytes);
	snprintf(text, sizeof(text), BEGIN "\n%s\n" END "\n", base64);
	error = write_private(path, text, fault);
	fleet_wipe(bytes, sizeof(bytes));
	fleet_wipe(base64, sizeof(base64));
	fleet_wipe(text, sizeof(text));
	return error;
}

int fleet_secret_write(const char *path, const uint8_t secret[FLEET_KEY_SIZE], struct fault *fault)
{
	char text[BASE64_ENCODE_RAW_LENGTH(FLEET_KEY_SIZE) + 2] = "";
	int error;

	base64_encode_raw(text, FLEET_KEY_SIZE, secret);
	strcat(text, "\n");
	error = write_private(path, text, fault);
	fleet_wipe(text, sizeof(text));
	return error;
}
