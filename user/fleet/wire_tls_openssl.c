// SPDX-License-Identifier: GPL-2.0-or-later
/* See wire_tls.h. hiredis would verify the certificate but not its name, so sessions are made
 * here. */
#include "fleet/wire_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Both structs of wire_tls.h stand for OpenSSL's own: SSL_CTX and SSL. */
static SSL_CTX *context_of(struct wire_tls *tls)
{
	return (SSL_CTX *)tls;
}

static SSL *ssl_of(const struct wire_tls_session *session)
{
	return (SSL *)(uintptr_t)session;
}

bool wire_tls_has(void)
{
	return true;
}

int wire_tls_new(const char *ca_file, struct wire_tls **tls, struct fault *fault)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL) != 1
		    : SSL_CTX_set_default_verify_paths(context) != 1) {
		const char *why = ERR_reason_error_string(ERR_peek_error());

		fault_set(fault, -EINVAL, "%s cannot be read as certificates: %s",
			  ca_file ? ca_file : "what the system believes", why ? why : "no reason");
		ERR_clear_error();
		SSL_CTX_free(context);
		return -EINVAL;
	}
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	*tls = (struct wire_tls *)context;
	return 0;
}

void wire_tls_free(struct wire_tls *tls)
{
	SSL_CTX_free(context_of(tls));
}

/* Demands that the certificate is for exactly this name, or address. */
static bool demand(SSL *ssl, const char *name)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* Describes the fault without the engine's own words. */
static void say_fault(const SSL *ssl, int error, char *fault)
{
	long verdict = SSL_get_verify_result(ssl);
	const char *why = ERR_reason_error_string(ERR_peek_error());

	if (verdict != X509_V_OK)
		snprintf(fault, WIRE_TLS_FAULT_SIZE, "the engine's certificate is refused: %s",
			 X509_verify_cert_error_string(verdict));
	else
		snprintf(fault, WIRE_TLS_FAULT_SIZE, "no TLS with the engine: %s",
			 why	 ? why
			 : error ? strerror(error)
				 : "the connection ended");
	ERR_clear_error();
}

struct wire_tls_session *wire_tls_begin(struct wire_tls *tls, redisContext *context,
					const char *name, char *fault)
{
	SSL *ssl = SSL_new(context_of(tls));

	ERR_clear_error();
	errno = 0;
	if (ssl && demand(ssl, name) && redisInitiateSSL(context, ssl) == REDIS_OK)
		return (struct wire_tls_session *)ssl;
	if (ssl)
		say_fault(ssl, errno, fault);
	else
		snprintf(fault, WIRE_TLS_FAULT_SIZE, "out of memory");
	SSL_free(ssl);
	return NULL;
}

enum wire_tls_state wire_tls_go_on(struct wire_tls_session *session, char *fault)
{
	SSL *ssl = ssl_of(session);
	int done, error, why;

	ERR_clear_error();
	errno = 0;
	done = SSL_do_handshake(ssl);
	if (done == 1)
		return WIRE_TLS_STANDS;
	error = errno;
	why = SSL_get_error(ssl, done);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return WIRE_TLS_WAITS;
	say_fault(ssl, error, fault);
	return WIRE_TLS_FAILED;
}

short wire_tls_events(const struct wire_tls_session *session)
{
	return SSL_want_write(ssl_of(session)) ? POLLOUT : POLLIN;
}
