// SPDX-License-Identifier: GPL-2.0-or-later
/* See wire.h. Packet sockets; the process is bound to one CPU, so that order holds end to end. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mutation.h"

#define QUEUE	    64
#define INTAKE	    128
#define INTAKE_SIZE 128 /* bytes of an answer: 14 + 60 + 20 are looked at */
#define TRIES	    40
#define WAIT_MS	    50

struct wire {
	int out, in;
	unsigned queued;
	struct mmsghdr queue[QUEUE];
	struct iovec pieces[QUEUE];
	struct mmsghdr intake[INTAKE];
	struct iovec rooms[INTAKE];
	uint8_t bytes[INTAKE][INTAKE_SIZE];
	uint16_t port; /* of the last plain SYN */
};

/* TCP alone, by the family's next-header byte; the rest is noise here. */
static int filter_tcp(int fd)
{
	static const struct sock_filter code[] = {
		{ BPF_LD | BPF_H | BPF_ABS, 0, 0, 12 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 2, ETH_P_IP },
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0, 23 },
		{ BPF_JMP | BPF_JA, 0, 0, 2 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ETH_P_IPV6 },
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0, 20 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, HEADER_TCP },
		{ BPF_RET | BPF_K, 0, 0, INTAKE_SIZE },
		{ BPF_RET | BPF_K, 0, 0, 0 },
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), (struct sock_filter *)code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int socket_on(unsigned ifindex, uint16_t protocol, struct fault *fault)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(protocol),
				       .sll_ifindex = (int)ifindex };
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int room = 64 << 20, one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    filter_tcp(fd) || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fault_set(fault, -errno, "packet socket: %s", strerror(errno));
	return TAKE_FD(fd);
}

int wire_open(unsigned ifindex, struct wire **result, struct fault *fault)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		return fault_set(fault, -ENOMEM, "out of memory");
	wire->in = -1;
	wire->out = socket_on(ifindex, 0, fault);
	if (wire->out >= 0)
		wire->in = socket_on(ifindex, ETH_P_ALL, fault);
	if (wire->in < 0) {
		wire_close(wire);
		return fault->error;
	}
	for (unsigned i = 0; i < QUEUE; i++)
		wire->queue[i].msg_hdr =
			(struct msghdr){ .msg_iov = &wire->pieces[i], .msg_iovlen = 1 };
	for (unsigned i = 0; i < INTAKE; i++) {
		wire->rooms[i] = (struct iovec){ wire->bytes[i], INTAKE_SIZE };
		wire->intake[i].msg_hdr =
			(struct msghdr){ .msg_iov = &wire->rooms[i], .msg_iovlen = 1 };
	}
	*result = wire;
	return 0;
}

void wire_close(struct wire *wire)
{
	if (!wire)
		return;
	cleanup_close(&wire->out);
	cleanup_close(&wire->in);
	free(wire);
}

int wire_flush(struct wire *wire, struct fault *fault)
{
	unsigned sent = 0;

	while (sent < wire->queued) {
		int now = sendmmsg(wire->out, wire->queue + sent, wire->queued - sent, 0);

		if (now > 0) {
			sent += (unsigned)now;
			continue;
		}
		/* A frame that the device itself refuses reaches no server: the same as not sent. */
		if (errno != ENOBUFS && errno != EMSGSIZE && errno != EINTR && errno != EINVAL)
			return fault_set(fault, -errno, "sending: %s", strerror(errno));
		sent += errno != EINTR;
	}
	wire->queued = 0;
	return 0;
}

int wire_send(struct wire *wire, const uint8_t *bytes, size_t size, struct fault *fault)
{
	int err = wire->queued == QUEUE ? wire_flush(wire, fault) : 0;

	wire->pieces[wire->queued++] = (struct iovec){ (void *)(uintptr_t)bytes, size };
	return err;
}

static unsigned port_shift(unsigned port)
{
	switch (port) {
	case PORT_SMTP:
	case PORT_SUBMIT:
		return ANSWER_PROTECTED;
	case PORT_REFUSED:
		return ANSWER_REFUSED;
	default:
		return ANSWER_UNPROTECTED;
	}
}

/* To whom it is: of a source-routed answer the last hop is its true destination. */
static const uint8_t *answer_to4(const uint8_t *ip, unsigned header)
{
	for (unsigned at = 20; at + 7 <= header && ip[at] != 0;) {
		if ((ip[at] == 131 || ip[at] == 137) && at + ip[at + 1] <= header &&
		    ip[at + 1] >= 7)
			return ip + at + ip[at + 1] - 4;
		at += ip[at] == 1 || ip[at + 1] < 2 ? 1 : ip[at + 1];
	}
	return ip + 16;
}

static bool answer_read(const uint8_t *bytes, size_t size, struct answer *answer)
{
	const uint8_t *ip = bytes + 14, *tcp, *to;
	struct source_pair pair;
	unsigned header = 40;
	bool is4 = bytes[12] == 0x08;

	if (size < 14 + 20 + 20 || (!is4 && size < 14 + 40 + 20))
		return false;
	if (is4)
		header = (ip[0] & 15U) * 4;
	if (size < 14 + header + 20)
		return false;
	tcp = ip + header;
	to = is4 ? answer_to4(ip, header) : ip + 24;
	answer->host = is4 && to[0] == 11 ? to[1] : is4 ? to[3] : to[15];
	pair = source_pair(answer->host);
	if (!memcmp(to, is4 ? pair.clean4 : pair.clean6, is4 ? 4 : 16))
		answer->clean = 1;
	else if (!memcmp(to, is4 ? pair.banned4 : pair.banned6, is4 ? 4 : 16))
		answer->clean = 0;
	else
		return false;
	answer->port = (uint16_t)(tcp[2] << 8 | tcp[3]);
	answer->bits = tcp[13] & FLAG_RST			      ? ANSWER_RESET
		       : (tcp[13] & FLAG_SYN) && (tcp[13] & FLAG_ACK) ? ANSWER_SYNACK
								      : 0;
	answer->bits = (uint8_t)(answer->bits << port_shift((unsigned)(tcp[0] << 8 | tcp[1])));
	return answer->bits;
}

static int send_plain(struct wire *wire, struct fault *fault)
{
	static const struct mutation plain = { .seed = 1, .is4 = true };
	struct train train;
	int err;

	wire->port = wire->port < 1024 || wire->port == 65535 ? 1024 : wire->port + 1;
	mutation_render(&plain, wire->port, WIRE_HOST, &train);
	train_make_clean(&train, WIRE_HOST);
	err = wire_send(wire, train.bytes, train.size[0], fault);
	return err ? err : wire_flush(wire, fault);
}

int wire_settle(struct wire *wire, void (*each)(const struct answer *answer, void *context),
		void *context, struct fault *fault)
{
	int err = wire_flush(wire, fault), tries = 0;

	if (!err)
		err = send_plain(wire, fault);
	while (!err) {
		struct pollfd ready = { .fd = wire->in, .events = POLLIN };
		bool done = false;
		int count = recvmmsg(wire->in, wire->intake, INTAKE, MSG_DONTWAIT, NULL);

		for (int i = 0; i < count; i++) {
			struct answer answer;

			if (!answer_read(wire->bytes[i], wire->intake[i].msg_len, &answer))
				continue;
			if (answer.host != WIRE_HOST)
				each(&answer, context);
			else
				done |= answer.port == wire->port;
		}
		if (done)
			return 0;
		if (count > 0 || poll(&ready, 1, WAIT_MS) > 0)
			continue;
		if (++tries == TRIES)
			return fault_set(fault, -ETIMEDOUT,
					 "a server no longer answers a plain SYN");
		err = send_plain(wire, fault);
	}
	return err;
}
