// SPDX-License-Identifier: BSD-2-Clause
/** What a new program begins with. */

export const NEW_ASSEMBLY = `# An XDP program that drops frames shorter than 60 bytes.
# The style is LLVM's; Ctrl-Space completes.
  .section xdp,"ax",@progbits
  .globl drop_short
  .type drop_short,@function
drop_short:
  r2 = *(u32 *)(r1 + 4)     # data_end
  r1 = *(u32 *)(r1 + 0)     # data
  r0 = 2                    # XDP_PASS
  r1 += 60
  if r1 <= r2 goto out
  r0 = 1                    # XDP_DROP
out:
  exit
  .size drop_short, .-drop_short

  .section license,"aw",@progbits
  .asciz "GPL"
`

export const NEW_C = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int drop_short(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (data + 60 > end)
		return XDP_DROP;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
`
