// SPDX-License-Identifier: GPL-2.0-or-later
/* See download.h. */
#include "feed/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define REDIRECTS_MOST 5
#define CONNECT_S      20
#define TRANSFER_S     120
#define SLOW_BYTES     100 /* bytes a second, for SLOW_S */
#define SLOW_S	       30
#define URL_MOST       4096
#define UNIX_BEGIN     "http+unix:"

struct transfer {
	struct download *download;
	CURL *curl;
	struct feed_seen answered;
	size_t size;
	bool too_large, page;
	int write_error;
};

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	long status = 0;

	(void)one;
	transfer->size += size;
	if (transfer->size > FEED_MOST_BYTES) {
		transfer->too_large = true;
		return 0;
	}
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return size; /* the body of an error, which nobody reads */
	for (size_t done = 0; done < size;) {
		ssize_t put = write(transfer->download->fd, data + done, size - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			transfer->write_error = put ? errno : EIO;
			return 0;
		}
		done += (size_t)put;
	}
	return size;
}

/* Takes the value of a header "NAME: value", if it fits and could be sent back unchanged. */
static void take_header(const char *data, size_t size, const char *name, char *value, size_t room)
{
	size_t name_size = strlen(name);

	if (size < name_size || strncasecmp(data, name, name_size) != 0)
		return;
	data += name_size;
	size -= name_size;
	while (size && (*data == ' ' || *data == '\t')) {
		data++;
		size--;
	}
	while (size && (data[size - 1] == '\r' || data[size - 1] == '\n' || data[size - 1] == ' '))
		size--;
	*value = '\0';
	if (size >= room)
		return;
	for (size_t i = 0; i < size; i++)
		if (data[i] < ' ' || data[i] > '~')
			return;
	memcpy(value, data, size);
	value[size] = '\0';
}

static size_t on_header(char *data, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	char type[64] = "";

	(void)one;
	if (size > 5 && !memcmp(data, "HTTP/", 5)) { /* the next answer, after a redirect */
		transfer->answered = (struct feed_seen){ 0 };
		transfer->page = false;
	}
	take_header(data, size, "etag:", transfer->answered.etag, sizeof(transfer->answered.etag));
	take_header(data, size, "last-modified:", transfer->answered.modified,
		    sizeof(transfer->answered.modified));
	take_header(data, size, "content-type:", type, sizeof(type));
	if (*type)
		transfer->page = !strncasecmp(type, "text/html", 9);
	return size;
}

static void set_bounds(CURL *curl, const struct download *download)
{
	bool local = !strncmp(download->url, "http", 4) && download->url[4] != 's';

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, local ? "http" : "https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, download->header ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MOST);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TRANSFER_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)FEED_MOST_BYTES);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (local)
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (download->authorities) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, download->authorities);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
}

/* Sets the URL; for one of a socket, the socket and the URL behind it. */
static void set_place(CURL *curl, const char *url)
{
	char text[URL_MOST], *path;

	if (strncmp(url, UNIX_BEGIN, strlen(UNIX_BEGIN)) != 0) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		return;
	}
	snprintf(text, sizeof(text), "%s", url + strlen(UNIX_BEGIN));
	path = strchr(text, ':');
	*path = '\0'; /* conf_url() has checked that it is there */
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, text);
	snprintf(text, sizeof(text), "http://localhost%s",
		 strchr(url + strlen(UNIX_BEGIN), ':') + 1);
	curl_easy_setopt(curl, CURLOPT_URL, text);
}

static struct curl_slist *conditions(const struct download *download)
{
	const struct feed_seen *seen = download->seen;
	struct curl_slist *headers = NULL, *longer;
	char text[320];

	if (download->header)
		headers = curl_slist_append(headers, download->header);

	if (*seen->etag) {
		snprintf(text, sizeof(text), "If-None-Match: %s", seen->etag);
		longer = curl_slist_append(headers, text);
		headers = longer ? longer : headers;
	}
	if (*seen->modified) {
		snprintf(text, sizeof(text), "If-Modified-Since: %s", seen->modified);
		longer = curl_slist_append(headers, text);
		headers = longer ? longer : headers;
	}
	return headers;
}

static int judge(const struct transfer *transfer, CURLcode code, const char *words,
		 struct fault *fault)
{
	const char *url = transfer->download->url;
	long status = 0;

	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->too_large || code == CURLE_FILESIZE_EXCEEDED)
		return fault_set(fault, -EFBIG, "%s: more than %u MiB", url, FEED_MOST_BYTES >> 20);
	if (transfer->write_error)
		return fault_set(fault, -transfer->write_error, "cannot write what %s sends: %s",
				 url, strerror(transfer->write_error));
	if (code)
		return fault_set(fault, -EIO, "%s: %s", url,
				 *words ? words : curl_easy_strerror(code));
	if (status == 304)
		return 0;
	if (status != 200)
		return fault_set(fault, -EIO, "%s: the server answers %ld%s", url, status,
				 status != 401 && status != 403 ? ""
				 : transfer->download->header ? "; is the key in 'key-file' right?"
							      : "; it wants a 'key-file'");
	if (transfer->page)
		return fault_set(
			fault, -EBADMSG,
			"%s: a web page (text/html), not a list; look at it with a browser", url);
	return 0;
}

static int perform(struct transfer *transfer, struct curl_slist *headers, struct fault *fault)
{
	CURL *curl = transfer->curl;
	char words[CURL_ERROR_SIZE] = "";
	long status = 0;
	int error;

	set_bounds(curl, transfer->download);
	set_place(curl, transfer->download->url);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "sekisho/" SEKISHO_VERSION);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	error = judge(transfer, curl_easy_perform(curl), words, fault);
	if (error)
		return error;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	transfer->download->unchanged = status == 304;
	if (status == 200)
		*transfer->download->seen = transfer->answered;
	return 0;
}

int download(struct download *download, struct fault *fault)
{
	struct transfer transfer = { .download = download, .curl = curl_easy_init() };
	struct curl_slist *headers;
	int error;

	if (!transfer.curl)
		return fault_set(fault, -ENOMEM, "cannot begin a transfer: no memory");
	headers = conditions(download);
	error = perform(&transfer, headers, fault);
	curl_slist_free_all(headers);
	curl_easy_cleanup(transfer.curl);
	return error;
}
