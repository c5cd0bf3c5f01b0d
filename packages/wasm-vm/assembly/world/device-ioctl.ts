// SPDX-License-Identifier: GPL-2.0-only
// Interface requests on sockets: struct ifreq { char name[16]; union of 24 bytes }. Kernel counterpart:
// net/core/dev_ioctl.c.

import { EINVAL, ENODEV, ENOTTY, EPERM } from '../gen/errno.gen'
import { CAP_NET_ADMIN, capable } from '../syscall/caps'
import { DEV_LOOPBACK, deviceByName, deviceIn, deviceName, deviceSetUp } from './device'
import { Sock, sockQueue } from './sock'

const SIOCGIFNAME: u32 = 0x8910
const SIOCGIFFLAGS: u32 = 0x8913
const SIOCSIFFLAGS: u32 = 0x8914
const SIOCGIFMTU: u32 = 0x8921
const SIOCSIFMTU: u32 = 0x8922
const SIOCGIFHWADDR: u32 = 0x8927
const SIOCGIFINDEX: u32 = 0x8933
const FIONREAD: u32 = 0x541b
const FIONBIO: u32 = 0x5421
const IFF_UP: u32 = 1
const IFF_BROADCAST: u32 = 2
const IFF_LOOPBACK: u32 = 8
const IFF_RUNNING: u32 = 0x40
const IFF_NOARP: u32 = 0x80
const VALUE: usize = 16

export function deviceIoctl(sk: Sock, request: u32, arg: usize): i32 {
  if (request == FIONREAD) {
    store<u32>(arg, sockQueue(sk).bytes)
    return 0
  }
  if (request == FIONBIO) {
    sk.nonblock = load<u32>(arg) != 0
    return 0
  }
  if (request == SIOCGIFNAME) {
    const d = deviceIn(sk.netns, load<i32>(arg, VALUE))
    if (!changetype<usize>(d)) return -ENODEV
    memory.copy(arg, deviceName(d), 16)
    return 0
  }
  switch (request) {
    case SIOCGIFFLAGS:
    case SIOCSIFFLAGS:
    case SIOCGIFMTU:
    case SIOCSIFMTU:
    case SIOCGIFHWADDR:
    case SIOCGIFINDEX:
      break
    default:
      return -ENOTTY
  }
  store<u8>(arg, 0, 15)
  const dev = deviceByName(sk.netns, arg)
  if (!changetype<usize>(dev)) return -ENODEV
  switch (request) {
    case SIOCGIFINDEX:
      store<i32>(arg, dev.ifindex, VALUE)
      return 0
    case SIOCGIFFLAGS: {
      let f = dev.kind == DEV_LOOPBACK ? IFF_LOOPBACK : IFF_BROADCAST
      if (dev.up) f |= IFF_UP | IFF_RUNNING
      if (dev.noArp) f |= IFF_NOARP
      store<u16>(arg, <u16>f, VALUE)
      return 0
    }
    case SIOCSIFFLAGS:
      if (!capable(CAP_NET_ADMIN)) return -EPERM
      deviceSetUp(dev, ((<u32>load<u16>(arg, VALUE)) & IFF_UP) != 0)
      return 0
    case SIOCGIFMTU:
      store<u32>(arg, dev.mtu, VALUE)
      return 0
    case SIOCSIFMTU:
      if (!capable(CAP_NET_ADMIN)) return -EPERM
      if (load<u32>(arg, VALUE) < 68 || load<u32>(arg, VALUE) > 65536) return -EINVAL
      dev.mtu = load<u32>(arg, VALUE)
      return 0
    default:
      store<u16>(arg, <u16>(dev.kind == DEV_LOOPBACK ? 772 : 1), VALUE)
      memory.copy(arg + VALUE + 2, dev.mac, 6)
      return 0
  }
}
