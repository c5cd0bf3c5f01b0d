// SPDX-License-Identifier: BSD-2-Clause
// A program at the entry and at the return of what it probes: it skips every other return, and tells by its cookie.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern __u64 *bpf_session_cookie(void) __ksym;
extern _Bool bpf_session_is_return(void) __ksym;

__u64 entries, returns, cookies, attached;

static __always_inline int session(void *ctx)
{
	__u64 *cookie = bpf_session_cookie();

	if (bpf_session_is_return()) {
		returns++;
		cookies = cookies * 10 + *cookie;
		return 0;
	}
	entries++;
	attached = bpf_get_attach_cookie(ctx);
	/* a call begins with a cookie of zero */
	*cookie += entries;
	return entries % 2 == 0;
}

SEC("kprobe.session")
int of_kernel(void *ctx)
{
	return session(ctx);
}

SEC("uprobe.session")
int of_program(void *ctx)
{
	return session(ctx);
}

char _license[] SEC("license") = "GPL";
