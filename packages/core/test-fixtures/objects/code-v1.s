	.text
	.file	"code.c"
	.globl	global_function                 # -- Begin function global_function
	.p2align	3
	.type	global_function,@function
global_function:                        # @global_function
# %bb.0:
	r2 <<= 32
	r2 >>= 32
	r6 = r1
	r6 <<= 32
	r6 >>= 32
	r6 /= r2
	call local_function
	r0 += r6
	exit
.Lfunc_end0:
	.size	global_function, .Lfunc_end0-global_function
                                        # -- End function
	.p2align	3                               # -- Begin function local_function
	.type	local_function,@function
local_function:                         # @local_function
# %bb.0:
	r1 *= 3
	r2 = limit ll
	r0 = *(u32 *)(r2 + 0)
	r0 += r1
	exit
.Lfunc_end1:
	.size	local_function, .Lfunc_end1-local_function
                                        # -- End function
	.globl	arithmetic                      # -- Begin function arithmetic
	.p2align	3
	.type	arithmetic,@function
arithmetic:                             # @arithmetic
# %bb.0:
	r0 = r1
	r7 = r3
	r7 <<= 5
	r1 = r3
	r1 <<= 32
	r5 = r1
	r5 >>= 32
	r6 = r5
	r6 %= 10
	r6 |= r7
	r7 = r4
	r7 ^= r3
	r6 += r7
	r7 = 4294967288 ll
	r8 = r4
	r8 &= r7
	r8 >>= 3
	r6 -= r8
	r7 = r4
	r7 |= 1
	r7 <<= 32
	r7 >>= 32
	r5 /= r7
	r6 += r5
	r5 = r4
	r5 |= 2147483647
	r7 = r1
	r7 s>>= 36
	r5 &= r7
	r6 ^= r5
	r1 s>>= 32
	r7 = -5
	r5 = r6
	r5 = -r5
	if r7 s> r1 goto LBB2_2
# %bb.1:
	r5 = r6
LBB2_2:
	r7 = r0
	r7 >>= 7
	r6 = r2
	r6 s>>= 9
	r6 |= r7
	r7 = r2
	r7 &= 63
	r8 = r0
	r8 <<= r7
	r6 |= r8
	r7 = r2
	r7 |= 1
	r8 = r0
	r8 /= r7
	r7 = r2
	r7 += r0
	r7 *= 7
	r7 -= r8
	r8 = r2
	r8 |= 3
	r9 = r0
	r9 %= r8
	r7 += r9
	r7 ^= r6
	r3 = be32 r3
	r6 = r0
	r6 = be64 r6
	r6 += r3
	r4 = be16 r4
	r6 += r4
	r6 += r7
	r3 = r6
	r3 = -r3
	if r0 s> r2 goto LBB2_4
# %bb.3:
	r3 = r6
LBB2_4:
	r2 <<= 48
	r2 s>>= 48
	r0 <<= 56
	r0 s>>= 56
	r0 += r2
	r0 += r1
	r0 += r3
	r5 <<= 32
	r5 >>= 32
	r0 += r5
	r1 = 81985529216486895 ll
	r0 += r1
	exit
.Lfunc_end2:
	.size	arithmetic, .Lfunc_end2-arithmetic
                                        # -- End function
	.globl	accesses                        # -- Begin function accesses
	.p2align	3
	.type	accesses,@function
accesses:                               # @accesses
# %bb.0:
	r0 = *(u8 *)(r1 + 0)
	r0 += 1
	*(u8 *)(r1 + 1) = r0
	r0 = *(u16 *)(r2 - 2)
	*(u16 *)(r2 + 4) = r0
	r0 = *(u32 *)(r3 + 400)
	*(u32 *)(r3 + 12) = r0
	r0 = *(u64 *)(r4 + 32)
	*(u64 *)(r4 - 32) = r0
	r0 = 1
	*(u8 *)(r1 + 5) = r0
	r1 = 2
	*(u16 *)(r2 + 10) = r1
	r1 = 3
	*(u32 *)(r3 + 20) = r1
	r1 = -4
	*(u64 *)(r4 + 40) = r1
	r1 = *(u8 *)(r5 + 3)
	r1 <<= 56
	r1 s>>= 56
	r0 = *(u16 *)(r2 + 14)
	r0 <<= 48
	r0 s>>= 48
	r0 += r1
	r1 = *(u32 *)(r3 + 36)
	r0 += r1
	r0 <<= 32
	r0 s>>= 32
	exit
.Lfunc_end3:
	.size	accesses, .Lfunc_end3-accesses
                                        # -- End function
	.section	socket,"ax",@progbits
	.globl	packet                          # -- Begin function packet
	.p2align	3
	.type	packet,@function
packet:                                 # @packet
# %bb.0:
	r6 = r1
	r0 = *(u8 *)skb[14]
	r0 = *(u32 *)skb[r0]
	r7 = r0
	r0 = *(u8 *)skb[23]
	r8 = r0
	r0 = *(u16 *)skb[12]
	r0 += r8
	r0 += r7
	exit
.Lfunc_end4:
	.size	packet, .Lfunc_end4-packet
                                        # -- End function
	.section	xdp,"ax",@progbits
	.globl	program                         # -- Begin function program
	.p2align	3
	.type	program,@function
program:                                # @program
# %bb.0:
	r6 = r1
	r1 = 0
	*(u32 *)(r10 - 4) = r1
	*(u32 *)(r10 - 8) = r1
	r2 = r10
	r2 += -4
	r1 = counters ll
	call 1
	r1 = r0
	r0 = 1
	if r1 == 0 goto LBB5_8
# %bb.1:
	r2 = 1
	lock *(u64 *)(r1 + 0) += r2
	r3 = r10
	r3 += -8
	r7 = 0
	r1 = 10
	r2 = callback ll
	r4 = 0
	call 181
	r1 = *(u32 *)(r10 - 8)
	r1 <<= 32
	r1 s>>= 32
	r2 = limit ll
	r2 = *(u32 *)(r2 + 0)
	r2 <<= 32
	r2 s>>= 32
	if r1 s> r2 goto LBB5_4
# %bb.2:
	r2 = count ll
	r2 = *(u32 *)(r2 + 0)
LBB5_3:                                 # =>This Inner Loop Header: Depth=1
	r3 = r7
	r3 &= 255
	r3 %= 3
	r3 <<= 3
	r4 = table ll
	r4 += r3
	r3 = *(u64 *)(r4 + 0)
	r3 <<= 2
	r3 += r2
	r7 += 1
	r4 = r7
	r4 <<= 32
	r4 >>= 32
	r2 = r3
	if r4 == 100 goto LBB5_5
	goto LBB5_3
LBB5_5:
	r2 = count ll
	*(u32 *)(r2 + 0) = r3
	if r1 == 0 goto LBB5_7
# %bb.6:
	r1 = r6
	call kernel_function
	goto LBB5_8
LBB5_4:
	r2 = 3
	call global_function
	goto LBB5_8
LBB5_7:
	r1 = 0
	call local_function
	r0 <<= 32
	r0 >>= 32
	r0 %= 7
LBB5_8:
	exit
.Lfunc_end5:
	.size	program, .Lfunc_end5-program
                                        # -- End function
	.text
	.p2align	3                               # -- Begin function callback
	.type	callback,@function
callback:                               # @callback
# %bb.0:
	r3 = *(u32 *)(r2 + 0)
	r3 += r1
	*(u32 *)(r2 + 0) = r3
	r0 = 0
	exit
.Lfunc_end6:
	.size	callback, .Lfunc_end6-callback
                                        # -- End function
	.type	limit,@object                   # @limit
	.section	.rodata,"a",@progbits
	.globl	limit
	.p2align	2, 0x0
limit:
	.long	5                               # 0x5
	.size	limit, 4

	.type	table,@object                   # @table
	.data
	.globl	table
	.p2align	3, 0x0
table:
	.quad	1                               # 0x1
	.quad	2                               # 0x2
	.quad	3                               # 0x3
	.size	table, 24

	.type	count,@object                   # @count
	.section	.bss,"aw",@nobits
	.globl	count
	.p2align	2, 0x0
count:
	.long	0                               # 0x0
	.size	count, 4

	.type	pointer,@object                 # @pointer
	.data
	.globl	pointer
	.p2align	3, 0x0
pointer:
	.quad	count
	.size	pointer, 8

	.type	counters,@object                # @counters
	.section	.maps,"aw",@progbits
	.globl	counters
	.p2align	3, 0x0
counters:
	.zero	32
	.size	counters, 32

	.type	license_text,@object            # @license_text
	.section	license,"aw",@progbits
	.globl	license_text
license_text:
	.asciz	"GPL"
	.size	license_text, 4

	.addrsig
	.addrsig_sym packet
	.addrsig_sym program
	.addrsig_sym callback
	.addrsig_sym limit
	.addrsig_sym count
	.addrsig_sym counters
	.addrsig_sym license_text
