// SPDX-License-Identifier: BSD-2-Clause
//
// System calls as the addon uses them: the result, or -errno. Nothing here knows about JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skep::sys {

// The largest command structure that any known kernel writes back. A caller that hands over fewer bytes than the
// kernel writes (BPF_PROG_QUERY and the batch commands write their counters whatever the given size) must not have
// memory behind its buffer overwritten, so calls go through a buffer with this much room to spare.
constexpr size_t kSlack = 16384;

int Bpf(int command, uint8_t* attr, size_t length);
int PerfEventOpen(uint8_t* attr, size_t length, int pid, int cpu, int group, uint64_t flags);
int IoctlBytes(int fd, uint64_t request, uint8_t* data, size_t length);
int IoctlNumber(int fd, uint64_t request, uint64_t argument);

int Close(int fd);
// -EINVAL for a length of zero or a range that ends behind a regular file (touching it would raise SIGBUS).
int Mmap(void* hint, size_t length, int prot, int fd, uint64_t offset, void** address);
int Munmap(void* address, size_t length);
size_t PageSize();

int Open(const char* path, int flags, unsigned mode);
int Mkdir(const char* path, unsigned mode);
int Rmdir(const char* path);
int Unlink(const char* path);
int64_t Read(int fd, uint8_t* data, size_t length);
int64_t Write(int fd, const uint8_t* data, size_t length);
int Fchdir(int fd);
int Chroot(const char* path);
int Mount(const char* source, const char* target, const char* type, uint64_t flags, const char* data);
int Umount(const char* target, int flags);

int Socket(int domain, int type, int protocol);
int SocketPair(int domain, int type, int protocol, int fds[2]);
int Bind(int fd, const uint8_t* addr, size_t length);
int Connect(int fd, const uint8_t* addr, size_t length);
int Listen(int fd, int backlog);
int Accept(int fd, int flags);
int GetSockName(int fd, uint8_t* addr, size_t length);
int GetPeerName(int fd, uint8_t* addr, size_t length);
int GetSockOpt(int fd, int level, int name, uint8_t* value, size_t length);
int SetSockOpt(int fd, int level, int name, const uint8_t* value, size_t length);
int64_t Send(int fd, const uint8_t* data, size_t length, int flags, const uint8_t* addr, size_t addr_length);
int64_t Recv(int fd, uint8_t* data, size_t length, int flags);
int64_t RecvFrom(int fd, uint8_t* data, size_t length, int flags, uint8_t* addr, size_t addr_length);

int EpollCreate();
int EpollAdd(int epoll, int fd);
// The fds that are ready now are written to `ready`; their number, or -errno.
int EpollReady(int epoll, int* ready, int capacity);

int Unshare(int flags);
int SetNs(int fd, int type);
int GetPid();
int GetTid();
int PidfdOpen(int pid, unsigned flags);
// The calling thread runs on `cpu` only.
int SetAffinity(int cpu);
int SetLimit(int resource, uint64_t soft, uint64_t hard);

}  // namespace skep::sys
