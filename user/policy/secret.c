// SPDX-License-Identifier: GPL-2.0-or-later
/* The key for stored digests of passwords, and the keyed digest of a digest. */
#include "policy/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "policy/judge.h"

static int make(const char *path, uint8_t key[JUDGE_KEY_SIZE], struct fault *fault)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fault_set(fault, -errno, "cannot make the key file %s: %m", path);
	if (getrandom(key, JUDGE_KEY_SIZE, 0) != JUDGE_KEY_SIZE)
		return fault_set(fault, -EIO, "cannot make the key file %s: no random bytes", path);
	if (write(fd, key, JUDGE_KEY_SIZE) == JUDGE_KEY_SIZE && !fsync(fd))
		return 0;
	/* At the next start, half a key would be taken for a damaged key. */
	unlink(path);
	return fault_set(fault, -EIO, "cannot write the key file %s", path);
}

int judge_key_load(const char *path, uint8_t key[JUDGE_KEY_SIZE], struct fault *fault)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t text[JUDGE_KEY_SIZE + 1];
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return make(path, key, fault);
	if (fd < 0 || fstat(fd, &status))
		return fault_set(fault, -errno, "cannot read the key file %s: %m", path);
	if (!S_ISREG(status.st_mode))
		return fault_set(fault, -EINVAL, "the key file %s is no file; remove it", path);
	if (status.st_mode & 077)
		return fault_set(fault, -EACCES,
				 "others may read the key file %s; remove it, so that a new one is "
				 "made: which passwords were used is then learned anew",
				 path);
	if (read(fd, text, sizeof(text)) != JUDGE_KEY_SIZE)
		return fault_set(fault, -EINVAL,
				 "the key file %s does not have %d bytes; remove it, so that a new "
				 "one is made: which passwords were used is then learned anew",
				 path, JUDGE_KEY_SIZE);
	memcpy(key, text, JUDGE_KEY_SIZE);
	return 0;
}

uint32_t secret_digest(const uint8_t key[JUDGE_KEY_SIZE], const char *hash)
{
	struct hmac_sha256_ctx context;
	uint8_t digest[4];

	hmac_sha256_set_key(&context, JUDGE_KEY_SIZE, key);
	hmac_sha256_update(&context, strlen(hash), (const uint8_t *)hash);
	hmac_sha256_digest(&context, sizeof(digest), digest);
	return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 |
	       digest[3];
}
