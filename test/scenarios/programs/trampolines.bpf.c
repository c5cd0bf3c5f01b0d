// SPDX-License-Identifier: BSD-2-Clause
// Programs that are attached to functions, typed tracepoints and security hooks of the kernel.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define TYPE __attribute__((preserve_access_index))

struct task_struct {
	int pid;
	char comm[16];
} TYPE;
struct sock_common {
	unsigned short skc_family;
} TYPE;
struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
} TYPE;
struct socket {
	short type;
	struct sock *sk;
} TYPE;
struct sockaddr;
struct cgroup {
	int level;
} TYPE;

char LICENSE[] SEC("license") = "GPL";

int seen[8] = {};
int verdict = 0;

SEC("fentry/bpf_fentry_test3")
int BPF_PROG(entered, char a, int b, __u64 c)
{
	seen[0] = a;
	seen[1] = b;
	seen[2] = c;
	seen[3] = bpf_get_func_arg_cnt(ctx);
	return 0;
}

SEC("fexit/bpf_fentry_test3")
int BPF_PROG(left, char a, int b, __u64 c, int ret)
{
	__u64 again = 0;

	seen[4] = ret;
	bpf_get_func_ret(ctx, &again);
	seen[5] = again;
	seen[6] = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("fmod_ret/bpf_modify_return_test")
int BPF_PROG(changed, int a, int *b, int ret)
{
	seen[0] = a;
	seen[1] = ret;
	return verdict;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(born, struct task_struct *task, __u64 flags)
{
	seen[0] = task->pid;
	seen[1] = task->comm[0];
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(made, struct cgroup *cgroup, const char *path)
{
	seen[0] = cgroup->level;
	return 0;
}

SEC("fentry/tcp_connect")
int BPF_PROG(connecting, struct sock *sk)
{
	seen[0] = sk->__sk_common.skc_family;
	seen[1] = sk->sk_protocol;
	return 0;
}

SEC("lsm/socket_bind")
int BPF_PROG(binding, struct socket *sock, struct sockaddr *address, int addrlen)
{
	seen[0] = sock->type;
	seen[1] = addrlen;
	return verdict ? -13 : 0;
}

SEC("lsm_cgroup/socket_connect")
int BPF_PROG(connects, struct socket *sock, struct sockaddr *address, int addrlen)
{
	seen[0]++;
	return verdict ? 1 : 0;
}
