	.text
	.file	"code.c"
	.globl	global_function                 # -- Begin function global_function
	.p2align	3
	.type	global_function,@function
global_function:                        # @global_function
# %bb.0:
	w6 = w1
	w6 /= w2
	call local_function
	w0 += w6
	exit
.Lfunc_end0:
	.size	global_function, .Lfunc_end0-global_function
                                        # -- End function
	.p2align	3                               # -- Begin function local_function
	.type	local_function,@function
local_function:                         # @local_function
# %bb.0:
	w1 *= 3
	r2 = limit ll
	w0 = *(u32 *)(r2 + 0)
	w0 += w1
	exit
.Lfunc_end1:
	.size	local_function, .Lfunc_end1-local_function
                                        # -- End function
	.globl	arithmetic                      # -- Begin function arithmetic
	.p2align	3
	.type	arithmetic,@function
arithmetic:                             # @arithmetic
# %bb.0:
                                        # kill: def $w4 killed $w4 def $r4
                                        # kill: def $w3 killed $w3 def $r3
	r5 = r1
	r5 >>= 7
	r6 = r2
	r6 s>>= 9
	r6 |= r5
	r5 = r2
	r5 &= 63
	r0 = r1
	r0 <<= r5
	r6 |= r0
	r5 = r2
	r5 |= 1
	r7 = r1
	r7 /= r5
	r0 = r2
	r0 += r1
	r0 *= 7
	r0 -= r7
	r5 = r2
	r5 |= 3
	r7 = r1
	r7 %= r5
	r0 += r7
	w7 = w3
	w7 <<= 5
	w5 = w3
	w5 %= 10
	w5 |= w7
	r0 ^= r6
	w6 = w4
	w6 ^= w3
	w5 += w6
	r7 = r3
	r7 = bswap32 r7
	r6 = r1
	r6 = bswap64 r6
	r6 += r7
	r7 = r4
	r7 = bswap16 r7
	r6 += r7
	r6 += r0
	w0 = w4
	w0 >>= 3
	w5 -= w0
	w0 = w4
	w0 |= 1
	w7 = w3
	w7 /= w0
	w5 += w7
	w4 |= 2147483647
	w0 = w3
	w0 s>>= 4
	w4 &= w0
	w5 ^= w4
	r4 = r6
	r4 = -r4
	if r1 s> r2 goto LBB2_2
# %bb.1:
	r4 = r6
LBB2_2:
	w6 = w5
	w6 = -w6
	if w3 s< -5 goto LBB2_4
# %bb.3:
	w6 = w5
LBB2_4:
	r2 = (s16)r2
	r0 = (s8)r1
	r0 += r2
	r1 = w3
	r1 = (s32)r1
	r0 += r1
	r0 += r4
	r0 += r6
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
	w0 = *(u8 *)(r1 + 0)
	w0 += 1
	*(u8 *)(r1 + 1) = w0
	w0 = *(u16 *)(r2 - 2)
	*(u16 *)(r2 + 4) = w0
	w0 = *(u32 *)(r3 + 400)
	*(u32 *)(r3 + 12) = w0
	r0 = *(u64 *)(r4 + 32)
	*(u64 *)(r4 - 32) = r0
	*(u8 *)(r1 + 5) = 1
	*(u16 *)(r2 + 10) = 2
	*(u32 *)(r3 + 20) = 3
	*(u64 *)(r4 + 40) = -4
	r1 = *(s8 *)(r5 + 3)
	r2 = *(s16 *)(r2 + 14)
	w2 += w1
	w1 = *(u32 *)(r3 + 36)
	w2 += w1
	r0 = (s32)r2
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
	r0 = *(u16 *)skb[12]
	r7 = r0
	r0 = *(u8 *)skb[23]
	w7 += w0
	r0 = *(u8 *)skb[14]
	r0 = *(u32 *)skb[r0]
	w7 += w0
	w0 = w7
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
	*(u32 *)(r10 - 4) = 0
	*(u32 *)(r10 - 8) = 0
	r2 = r10
	r2 += -4
	r1 = counters ll
	call 1
	w1 = 1
	if r0 == 0 goto LBB5_9
# %bb.1:
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
	r7 = 2
	r7 = atomic_fetch_add((u64 *)(r0 + 0), r7)
	r1 = 6
	r1 = atomic_fetch_and((u64 *)(r0 + 0), r1)
	r7 += r1
	r1 = 9
	r1 = atomic_fetch_xor((u64 *)(r0 + 0), r1)
	r7 += r1
	r7 += 3
	r2 = 3
	r2 = xchg_64(r0 + 0, r2)
	r1 = r0
	r0 = 5
	r0 = cmpxchg_64(r1 + 0, r0, r7)
	w3 = 4
	w4 = 4
	lock *(u32 *)(r1 + 0) |= w4
	w3 = atomic_fetch_or((u32 *)(r1 + 0), w3)
	w4 = 3
	w4 = xchg32_32(r1 + 0, w4)
	w4 += w3
	r7 += r2
	r7 += r0
	r7 += r4
	w0 = 7
	w0 = cmpxchg32_32(r1 + 0, w0, w7)
	w8 = w0
	r9 = *(s32 *)(r10 - 8)
	r3 = r10
	r3 += -8
	w1 = 10
	r2 = callback ll
	r4 = 0
	call 181
	if w8 == 7 goto LBB5_2
LBB5_2:
	r1 = limit ll
	w2 = *(u32 *)(r1 + 0)
	w1 = *(u32 *)(r10 - 8)
	if w1 s> w2 goto LBB5_5
# %bb.3:
	w2 = 0
	r3 = count ll
	w3 = *(u32 *)(r3 + 0)
LBB5_4:                                 # =>This Inner Loop Header: Depth=1
	w4 = w2
	w4 &= 255
	w4 %= 3
	r4 <<= 3
	r5 = table ll
	r5 += r4
	r4 = *(u64 *)(r5 + 0)
	w4 <<= 2
	w4 += w3
	w2 += 1
	w3 = w4
	if w2 == 100 goto LBB5_6
	goto LBB5_4
LBB5_6:
	r2 = count ll
	*(u32 *)(r2 + 0) = w4
	if w1 == 0 goto LBB5_8
# %bb.7:
	r1 = r6
	call kernel_function
	w1 = w0
	goto LBB5_9
LBB5_5:
	r2 = w8
	r7 += r2
	r2 = r9
	r2 += 1
	r3 = r7
	r3 s%= r2
	w3 += w7
	w7 s/= w9
	w7 += w3
	w2 = w7
	call global_function
	w1 = w0
	goto LBB5_9
LBB5_8:
	w1 = 0
	call local_function
	w1 = w0
	w1 %= 7
LBB5_9:
	w0 = w1
	exit
.Lfunc_end5:
	.size	program, .Lfunc_end5-program
                                        # -- End function
	.text
	.p2align	3                               # -- Begin function callback
	.type	callback,@function
callback:                               # @callback
# %bb.0:
	w3 = *(u32 *)(r2 + 0)
	w3 += w1
	*(u32 *)(r2 + 0) = w3
	w0 = 0
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
