// SPDX-License-Identifier: BSD-2-Clause
// biome-ignore-all format: tables keep their columns
// Macros of the BPF user interface (they leave no trace in BTF) and limits that the system call checks.
// Provenance: include/uapi/linux/bpf.h, include/linux/bpf.h, include/linux/bpf_verifier.h, include/linux/btf.h and
// kernel/bpf/*.c of Linux 6.18.

// Groups of rows: name, value.
export const DEFINES = [
  {
    group: 'flags of PROG_ATTACH and LINK_CREATE (attach_flags)', values: [
      ['BPF_F_ALLOW_OVERRIDE',              1],
      ['BPF_F_ALLOW_MULTI',                 2],
      ['BPF_F_REPLACE',                     4],
      ['BPF_F_BEFORE',                      8],
      ['BPF_F_AFTER',                    0x10],
      ['BPF_F_ID',                       0x20],
      ['BPF_F_PREORDER',                 0x40],
    ],
  },
  {
    group: 'flags of PROG_LOAD (prog_flags)', values: [
      ['BPF_F_STRICT_ALIGNMENT',            1],
      ['BPF_F_ANY_ALIGNMENT',               2],
      ['BPF_F_TEST_RND_HI32',               4],
      ['BPF_F_TEST_STATE_FREQ',             8],
      ['BPF_F_SLEEPABLE',                0x10],
      ['BPF_F_XDP_HAS_FRAGS',            0x20],
      ['BPF_F_XDP_DEV_BOUND_ONLY',       0x40],
      ['BPF_F_TEST_REG_INVARIANTS',      0x80],
    ],
  },
  {
    group: 'flags of LINK_CREATE for netfilter', values: [
      ['BPF_F_NETFILTER_IP_DEFRAG',         1],
    ],
  },
  {
    group: 'flags of PROG_QUERY', values: [
      ['BPF_F_QUERY_EFFECTIVE',             1],
    ],
  },
  {
    group: 'flags of PROG_TEST_RUN', values: [
      ['BPF_F_TEST_RUN_ON_CPU',             1],
      ['BPF_F_TEST_XDP_LIVE_FRAMES',        2],
      ['BPF_F_TEST_SKB_CHECKSUM_COMPLETE',  4],
    ],
  },
  {
    group: 'log levels of PROG_LOAD and BTF_LOAD', values: [
      ['BPF_LOG_LEVEL1',                    1],
      ['BPF_LOG_LEVEL2',                    2],
      ['BPF_LOG_STATS',                     4],
      ['BPF_LOG_FIXED',                     8],
      ['BPF_LOG_MASK',                     15],
    ],
  },
  {
    group: 'sizes and limits', values: [
      ['BPF_OBJ_NAME_LEN',                 16],
      ['BPF_TAG_SIZE',                      8],
      ['BPF_BUILD_ID_SIZE',                20],
      ['SHA256_DIGEST_SIZE',               32],
      ['BPF_COMPLEXITY_LIMIT_INSNS',  1000000],
      ['BPF_COMPLEXITY_LIMIT_JMP_SEQ',   8192],
      ['BPF_COMPLEXITY_LIMIT_STATES',      64],
      ['BPF_MAX_SUBPROGS',                256],
      ['MAX_CALL_FRAMES',                   8],
      ['MAX_TAIL_CALL_CNT',                33],
      ['MAX_USED_MAPS',                    64],
      ['MAX_USED_BTFS',                    64],
      ['MAX_KFUNC_DESCS',                 256],
      ['MAX_KFUNC_BTFS',                  256],
      ['BPF_MAX_VAR_OFF',          0x20000000],
      ['BPF_MAX_VAR_SIZ',          0x20000000],
      ['MAX_PACKET_OFF',               0xffff],
      ['BPF_PRIV_STACK_MIN_SIZE',          64],
      ['BPF_LICENSE_LEN',                 128],
      ['BPF_LINE_INFO_LINE_SHIFT',         10],
      ['BPF_LINE_INFO_COL_MASK',        0x3ff],
      ['MAX_BPF_FUNC_ARGS',                12],
      ['MAX_BPF_FUNC_REG_ARGS',             5],
      ['XDP_PACKET_HEADROOM',             256],
      ['MAX_BPRINTF_VARARGS',              12],
      ['MAX_BPRINTF_BUF',                1024],
      ['KMALLOC_MAX_SIZE',           0x400000],
      ['BPF_MAX_LOOPS',              0x800000],
      ['BPF_MAX_TIMED_LOOPS',          0xffff],
    ],
  },
  {
    group: 'BTF on disk', values: [
      ['BTF_MAGIC',                    0xeb9f],
      ['BTF_VERSION',                       1],
      ['BTF_MAX_TYPE',                0xfffff],
      ['BTF_MAX_NAME_OFFSET',        0xffffff],
      ['BTF_MAX_VLEN',                 0xffff],
      ['BTF_MAX_SIZE',              0x1000000],
      ['BTF_INT_SIGNED',                    1],
      ['BTF_INT_CHAR',                      2],
      ['BTF_INT_BOOL',                      4],
    ],
  },
  {
    group: 'type words of the verifier', values: [
      ['BPF_BASE_TYPE_BITS',                8],
      ['BPF_BASE_TYPE_MASK',             0xff],
      ['DYNPTR_TYPE_FLAG_MASK',     0x9830000],
    ],
  },
  {
    group: 'classic BPF sockets', values: [
      ['SKF_AD_OFF',                    -4096],
      ['SKF_NET_OFF',                -0x100000],
      ['SKF_LL_OFF',                 -0x200000],
      ['SKF_AD_PROTOCOL',                   0],
      ['SKF_AD_PKTTYPE',                    4],
      ['SKF_AD_IFINDEX',                    8],
      ['SKF_AD_NLATTR',                    12],
      ['SKF_AD_NLATTR_NEST',               16],
      ['SKF_AD_MARK',                      20],
      ['SKF_AD_QUEUE',                     24],
      ['SKF_AD_HATYPE',                    28],
      ['SKF_AD_RXHASH',                    32],
      ['SKF_AD_CPU',                       36],
      ['SKF_AD_ALU_XOR_X',                 40],
      ['SKF_AD_VLAN_TAG',                  44],
      ['SKF_AD_VLAN_TAG_PRESENT',          48],
      ['SKF_AD_PAY_OFFSET',                52],
      ['SKF_AD_RANDOM',                    56],
      ['SKF_AD_VLAN_TPID',                 60],
      ['SKF_AD_MAX',                       64],
    ],
  },
  {
    group: 'traffic control verdicts', values: [
      ['TC_ACT_UNSPEC',                    -1],
      ['TC_ACT_OK',                         0],
      ['TC_ACT_RECLASSIFY',                 1],
      ['TC_ACT_SHOT',                       2],
      ['TC_ACT_PIPE',                       3],
      ['TC_ACT_STOLEN',                     4],
      ['TC_ACT_QUEUED',                     5],
      ['TC_ACT_REPEAT',                     6],
      ['TC_ACT_REDIRECT',                   7],
      ['TC_ACT_TRAP',                       8],
    ],
  },
  {
    group: 'device access of BPF_PROG_TYPE_CGROUP_DEVICE', values: [
      ['BPF_DEVCG_ACC_MKNOD',               1],
      ['BPF_DEVCG_ACC_READ',                2],
      ['BPF_DEVCG_ACC_WRITE',               4],
      ['BPF_DEVCG_DEV_BLOCK',               1],
      ['BPF_DEVCG_DEV_CHAR',                2],
    ],
  },
]
