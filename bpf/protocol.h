/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol numbers and constants. vmlinux.h does not have them, since it has types only. */
#ifndef SEKISHO_PROTOCOL_H
#define SEKISHO_PROTOCOL_H

#define ETH_P_IP     0x0800
#define ETH_P_IPV6   0x86dd
#define ETH_P_8021Q  0x8100
#define ETH_P_8021AD 0x88a8

/* IPv6 extension headers (RFC 8200, RFC 4302, RFC 6275, RFC 7401, RFC 5533). */
#define NEXT_HOP_BY_HOP	  0
#define NEXT_TCP	  6
#define NEXT_ROUTING	  43
#define NEXT_FRAGMENT	  44
#define NEXT_AUTH	  51
#define NEXT_DESTINATION  60
#define NEXT_MOBILITY	  135
#define NEXT_HIP	  139
#define NEXT_SHIM6	  140

#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET_MASK	  0x1fff /* in units of 8 bytes */
#define IP6_MORE	  0x0001
#define IP6_OFFSET_SHIFT  3

#define TCP_FLAG_BYTE	  13
#define TCP_SYN_BIT	  0x02
#define TCP_ACK_BIT	  0x10

#define AF_INET		  2
#define AF_INET6	  10

#define EEXIST		  17

#endif
