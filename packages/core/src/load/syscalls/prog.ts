// SPDX-License-Identifier: BSD-2-Clause
/** Commands of bpf(2) about programs. */
import { E2BIG, EAGAIN, ENOSPC, SyscallError } from '../../errors/index.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import { ATTR_PROG_BIND_MAP, ATTR_PROG_LOAD, ATTR_PROG_STREAM_READ, ATTR_TEST } from '../../gen/uapi-layouts.gen.ts'
import { BpfCall, decodeCString, getField } from '../attr.ts'
import type { Kernel } from '../kernel.ts'
import { objectName } from './map.ts'
import { tokenFlag } from './object.ts'

/** Fixed-size records as the kernel takes them: `bpf_func_info`, `bpf_line_info`, `bpf_core_relo`. */
export interface Records {
  readonly bytes: Uint8Array
  readonly recordSize: number
}

/** Arguments of BPF_PROG_LOAD. */
export interface ProgLoadParams {
  readonly type: number
  /** Instructions, 8 bytes a slot, in the kernel's byte order. */
  readonly insns: Uint8Array
  readonly license: string
  readonly name?: string | undefined
  readonly kernVersion?: number
  readonly flags?: number
  readonly expectedAttachType?: number
  readonly attachBtfId?: number
  readonly attachProgFd?: number
  readonly attachBtfObjFd?: number
  readonly ifindex?: number
  readonly btfFd?: number
  readonly funcInfo?: Records | undefined
  readonly lineInfo?: Records | undefined
  readonly fdArray?: readonly number[] | undefined
  /** Stands in for capabilities. */
  readonly tokenFd?: number | undefined
}

/** How the verifier should log. */
export interface LogRequest {
  /** BPF_LOG_LEVEL1 1, LEVEL2 2, STATS 4, FIXED 8. */
  readonly level: number
  /** Bytes of the first buffer; grown when the kernel says it is too small. Default 64 KiB. */
  readonly size?: number
}

/** Answer of BPF_PROG_LOAD. */
export interface ProgLoadResult {
  /** fd, or -errno. */
  readonly result: number
  readonly log: string
}

const LOG_SIZE = 64 * 1024
/** Largest log buffer that the kernel accepts: UINT_MAX >> 2. */
const MAX_LOG_SIZE = 0x3fffffff
const EAGAIN_ATTEMPTS = 5

/** Loads, without raising: EAGAIN is retried five times, the log buffer grown on ENOSPC. */
export function tryProgLoad(kernel: Kernel, params: ProgLoadParams, log?: LogRequest): ProgLoadResult {
  let size = log ? (log.size ?? LOG_SIZE) : 0
  for (let attempts = 0; ; ) {
    const answer = loadOnce(kernel, params, log?.level ?? 0, size)
    if (answer.result === -EAGAIN && ++attempts < EAGAIN_ATTEMPTS) continue
    if (answer.result === -ENOSPC && log && size < MAX_LOG_SIZE) {
      // Since 6.4 the kernel says how much it wanted; before that the only way is to double.
      size = Math.min(MAX_LOG_SIZE, answer.trueSize > size ? answer.trueSize : size * 4)
      continue
    }
    return answer
  }
}

function loadOnce(
  kernel: Kernel,
  params: ProgLoadParams,
  level: number,
  size: number,
): ProgLoadResult & { trueSize: number } {
  using call = new BpfCall(kernel)
  const buffer = level ? call.alloc(size) : undefined
  const records = (r: Records | undefined) => (r?.bytes.length ? call.copy(r.bytes) : undefined)
  const recordCount = (r: Records | undefined) => (r?.bytes.length ? r.bytes.length / r.recordSize : undefined)
  const { result, attr } = call.attempt(U.BPF_PROG_LOAD, ATTR_PROG_LOAD, {
    prog_type: params.type,
    insn_cnt: params.insns.length / 8,
    insns: call.copy(params.insns),
    license: call.text(params.license),
    log_level: level,
    log_size: buffer ? size : undefined,
    log_buf: buffer,
    kern_version: params.kernVersion,
    prog_flags: (params.flags ?? 0) | tokenFlag(params.tokenFd),
    prog_name: objectName(params.name),
    prog_ifindex: params.ifindex,
    expected_attach_type: params.expectedAttachType,
    prog_btf_fd: params.btfFd,
    func_info: records(params.funcInfo),
    func_info_rec_size: recordCount(params.funcInfo) ? params.funcInfo?.recordSize : undefined,
    func_info_cnt: recordCount(params.funcInfo),
    line_info: records(params.lineInfo),
    line_info_rec_size: recordCount(params.lineInfo) ? params.lineInfo?.recordSize : undefined,
    line_info_cnt: recordCount(params.lineInfo),
    attach_btf_id: params.attachBtfId,
    attach_prog_fd: params.attachProgFd ?? params.attachBtfObjFd,
    fd_array: params.fdArray?.length ? call.words(params.fdArray) : undefined,
    prog_token_fd: params.tokenFd,
  })
  return {
    result,
    log: buffer ? decodeCString(buffer.bytes) : '',
    trueSize: getField(ATTR_PROG_LOAD, attr, 'log_true_size', kernel.facts.littleEndian),
  }
}

/** A new program's fd; raises SyscallError. The loader words a better error from {@link tryProgLoad}. */
export function progLoad(kernel: Kernel, params: ProgLoadParams): number {
  const { result } = tryProgLoad(kernel, params)
  if (result < 0) throw new SyscallError('BPF_PROG_LOAD', -result, params.name ? `'${params.name}'` : undefined)
  return result
}

/** Arguments of BPF_PROG_TEST_RUN. */
export interface TestRunParams {
  /** Packet or other input. */
  readonly dataIn?: Uint8Array
  /** Context in, such as a `struct __sk_buff`. */
  readonly ctxIn?: Uint8Array
  /** Room for the data afterwards, bytes. Default: room for `dataIn` and 256 bytes more where there is input. */
  readonly dataOutSize?: number
  /** Room for the context afterwards, bytes. Default: the size of `ctxIn`. */
  readonly ctxOutSize?: number
  /** How often it runs; the duration is the average. Default 1. */
  readonly repeat?: number
  /** CPU, with BPF_F_TEST_RUN_ON_CPU in `flags`. */
  readonly cpu?: number
  readonly flags?: number
  /** Packets in a batch of XDP live frames. */
  readonly batchSize?: number
}

/** Answer of BPF_PROG_TEST_RUN. */
export interface TestRunResult {
  /** The program's return value, unsigned 32 bits. */
  readonly retval: number
  /** Average time of a run in nanoseconds. */
  readonly durationNs: number
  readonly dataOut: Uint8Array
  readonly ctxOut: Uint8Array
  /** The kernel had more data than `dataOutSize` (ENOSPC): what fitted is there. */
  readonly truncated: boolean
}

/** Room beyond the input for programs that grow the packet (XDP has 256 bytes of headroom). */
const GROWTH = 256

/** Runs a program on given input. */
export function progTestRun(kernel: Kernel, fd: number, params: TestRunParams = {}): TestRunResult {
  using call = new BpfCall(kernel)
  const little = kernel.facts.littleEndian
  const { dataIn, ctxIn } = params
  const dataOutSize = params.dataOutSize ?? (dataIn ? dataIn.length + GROWTH : 0)
  const ctxOutSize = params.ctxOutSize ?? ctxIn?.length ?? 0
  const dataOut = dataOutSize ? call.alloc(dataOutSize) : undefined
  const ctxOut = ctxOutSize ? call.alloc(ctxOutSize) : undefined
  const { result, attr } = call.attempt(U.BPF_PROG_TEST_RUN, ATTR_TEST, {
    prog_fd: fd,
    data_in: dataIn ? call.copy(dataIn) : undefined,
    data_size_in: dataIn?.length,
    data_out: dataOut,
    data_size_out: dataOut ? dataOutSize : undefined,
    ctx_in: ctxIn ? call.copy(ctxIn) : undefined,
    ctx_size_in: ctxIn?.length,
    ctx_out: ctxOut,
    ctx_size_out: ctxOut ? ctxOutSize : undefined,
    repeat: params.repeat,
    flags: params.flags,
    cpu: params.cpu,
    batch_size: params.batchSize,
  })
  const truncated = result === -ENOSPC && dataOut !== undefined
  if (result < 0 && !truncated) throw new SyscallError('BPF_PROG_TEST_RUN', -result)
  const size = (name: 'data_size_out' | 'ctx_size_out', room: number) =>
    Math.min(room, getField(ATTR_TEST, attr, name, little))
  return {
    retval: getField(ATTR_TEST, attr, 'retval', little),
    durationNs: getField(ATTR_TEST, attr, 'duration', little),
    dataOut: dataOut ? dataOut.bytes.slice(0, size('data_size_out', dataOutSize)) : new Uint8Array(),
    ctxOut: ctxOut ? ctxOut.bytes.slice(0, size('ctx_size_out', ctxOutSize)) : new Uint8Array(),
    truncated,
  }
}

/** Ties a map to a program, so that it lives as long. */
export function progBindMap(kernel: Kernel, progFd: number, mapFd: number): void {
  using call = new BpfCall(kernel)
  call.run('BPF_PROG_BIND_MAP', U.BPF_PROG_BIND_MAP, ATTR_PROG_BIND_MAP, { prog_fd: progFd, map_fd: mapFd })
}

/** Text that a program printed to its stream (1 output, 2 errors); Linux 6.17. */
export function progStreamRead(kernel: Kernel, progFd: number, stream: number, size = 4096): string {
  using call = new BpfCall(kernel)
  const buffer = call.alloc(size)
  const values = { stream_buf: buffer, stream_buf_len: size, stream_id: stream, prog_fd: progFd }
  const length = call.run('BPF_PROG_STREAM_READ_BY_FD', U.BPF_PROG_STREAM_READ_BY_FD, ATTR_PROG_STREAM_READ, values)
  return decodeCString(buffer.bytes.slice(0, length))
}

/** Whether an errno of BPF_PROG_LOAD says that the attr is newer than the kernel. */
export function attrTooNew(result: number): boolean {
  return result === -E2BIG
}
