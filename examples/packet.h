/* SPDX-License-Identifier: BSD-2-Clause */
/* What the packet examples know of Ethernet, IPv4 and IPv6: offsets in bytes from the start of the frame. */
#ifndef SKEP_EXAMPLES_PACKET_H
#define SKEP_EXAMPLES_PACKET_H

#define ETH_TYPE_OFF 12
#define ETH_LEN 14
#define ETH_TYPE_IPV4 0x0800
#define ETH_TYPE_IPV6 0x86dd

#define IPV4_PROTOCOL_OFF (ETH_LEN + 9)
#define IPV4_SOURCE_OFF (ETH_LEN + 12)
#define IPV4_DEST_OFF (ETH_LEN + 16)
#define IPV6_NEXT_HEADER_OFF (ETH_LEN + 6)
#define IPV6_LEN 40

#define IP_PROTOCOL_ICMP 1
#define IP_PROTOCOL_TCP 6
#define IP_PROTOCOL_UDP 17

/* Legacy packet loads: they convert to host byte order, and end the program with 0 beyond the packet's end. */
unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) asm("llvm.bpf.load.word");

#endif
