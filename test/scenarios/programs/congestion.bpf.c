// SPDX-License-Identifier: BSD-2-Clause
/* A congestion control that grows by one packet for each that is acknowledged and gives up three quarters at a loss. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define CORE __attribute__((preserve_access_index))

struct sock {
} CORE;

struct inet_connection_sock {
	__u64 icsk_ca_priv[13];
} CORE;

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 snd_cwnd;
	__u32 snd_ssthresh;
	__u32 snd_cwnd_clamp;
	__u32 prior_cwnd;
} CORE;

struct ack_sample {
	__u32 pkts_acked;
	__s32 rtt_us;
} CORE;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	void (*set_state)(struct sock *sk, __u8 new_state);
	void (*cwnd_event)(struct sock *sk, int ev);
	void (*pkts_acked)(struct sock *sk, const struct ack_sample *sample);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
	void (*init)(struct sock *sk);
	void (*release)(struct sock *sk);
};

struct bpf_dummy_ops_state {
	int val;
} CORE;

struct bpf_dummy_ops {
	int (*test_1)(struct bpf_dummy_ops_state *cb);
	int (*test_2)(struct bpf_dummy_ops_state *cb, int a1, unsigned short a2, char a3, unsigned long a4);
};

/* the window that new connections begin with */
volatile const __u32 first_cwnd = 4;

__u32 inits, releases, grown, acked_packets, threshold, losses, private_kept;

SEC("struct_ops/skep_init")
void BPF_PROG(skep_init, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	inits++;
	tp->snd_cwnd = first_cwnd;
	tp->inet_conn.icsk_ca_priv[3] = 77;
}

SEC("struct_ops/skep_release")
void BPF_PROG(skep_release, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	releases++;
	if (tp->inet_conn.icsk_ca_priv[3] == 77)
		private_kept++;
}

SEC("struct_ops/skep_ssthresh")
__u32 BPF_PROG(skep_ssthresh, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	threshold = tp->snd_cwnd / 4;
	if (threshold < 2)
		threshold = 2;
	return threshold;
}

SEC("struct_ops/skep_cong_avoid")
void BPF_PROG(skep_cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	grown++;
	tp->snd_cwnd = tp->snd_cwnd + acked;
}

SEC("struct_ops/skep_set_state")
void BPF_PROG(skep_set_state, struct sock *sk, __u8 new_state)
{
	/* TCP_CA_Recovery, TCP_CA_Loss */
	if (new_state >= 3)
		losses++;
}

SEC("struct_ops/skep_pkts_acked")
void BPF_PROG(skep_pkts_acked, struct sock *sk, const struct ack_sample *sample)
{
	acked_packets += sample->pkts_acked;
}

SEC("struct_ops/skep_undo_cwnd")
__u32 BPF_PROG(skep_undo_cwnd, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;

	return tp->prior_cwnd;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops skep_test = {
	.init = (void *)skep_init,
	.release = (void *)skep_release,
	.ssthresh = (void *)skep_ssthresh,
	.cong_avoid = (void *)skep_cong_avoid,
	.set_state = (void *)skep_set_state,
	.pkts_acked = (void *)skep_pkts_acked,
	.undo_cwnd = (void *)skep_undo_cwnd,
	.name = "skep_test",
};

SEC("struct_ops/dummy_1")
int BPF_PROG(dummy_1, struct bpf_dummy_ops_state *state)
{
	if (!state)
		return 99;
	state->val += 5;
	return state->val;
}

SEC("struct_ops/dummy_2")
int BPF_PROG(dummy_2, struct bpf_dummy_ops_state *state, int a1, unsigned short a2, char a3, unsigned long a4)
{
	state->val = a1;
	return a2 + a3 + (int)a4;
}

SEC(".struct_ops")
struct bpf_dummy_ops skep_dummy = {
	.test_1 = (void *)dummy_1,
	.test_2 = (void *)dummy_2,
};

char LICENSE[] SEC("license") = "GPL";
