// SPDX-License-Identifier: BSD-2-Clause
//
// The only place that enters the kernel, and the only caller of bpf(2).
#include "syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>
#include <new>

// perf_event_open(2), flags argument.
#ifndef PERF_FLAG_FD_CLOEXEC
#define PERF_FLAG_FD_CLOEXEC (1UL << 3)
#endif

namespace skep::sys {
namespace {

template <typename T>
T Result(T value) {
  return value < 0 ? static_cast<T>(-errno) : value;
}

// A copy of the caller's bytes followed by zeroed slack, for calls where the kernel may write more than the caller
// owns. Small structures stay on the stack.
class Bounce {
 public:
  Bounce(uint8_t* data, size_t length, size_t slack) : source_(data), length_(length) {
    size_t total = length + slack;
    if (total <= sizeof(inline_)) {
      buffer_ = inline_;
    } else {
      heap_.reset(new (std::nothrow) uint8_t[total]);
      buffer_ = heap_.get();
    }
    if (buffer_ == nullptr) return;
    if (length > 0) memcpy(buffer_, data, length);
    memset(buffer_ + length, 0, slack);
  }
  uint8_t* get() const { return buffer_; }
  void CopyBack() {
    if (length_ > 0) memcpy(source_, buffer_, length_);
  }

 private:
  uint8_t* source_;
  size_t length_;
  uint8_t* buffer_ = nullptr;
  std::unique_ptr<uint8_t[]> heap_;
  alignas(16) uint8_t inline_[1024];
};

}  // namespace

int Bpf(int command, uint8_t* attr, size_t length) {
  // union bpf_attr is 168 bytes in Linux 6.18. A structure larger than a page is refused before it is read, so it
  // needs no copy; the kernel's size argument is 32 bits wide.
  constexpr size_t kAttrSlack = 512;
  if (length > PageSize()) {
    unsigned size = static_cast<unsigned>(std::min<size_t>(length, UINT_MAX));
    return Result(static_cast<int>(syscall(SYS_bpf, command, attr, size)));
  }
  Bounce bounce(attr, length, kAttrSlack);
  if (bounce.get() == nullptr) return -ENOMEM;
  int result = Result(static_cast<int>(syscall(SYS_bpf, command, bounce.get(), static_cast<unsigned>(length))));
  bounce.CopyBack();
  return result;
}

int PerfEventOpen(uint8_t* attr, size_t length, int pid, int cpu, int group, uint64_t flags) {
  // The size lies inside the structure (at byte 4) and may claim up to a page.
  Bounce bounce(attr, length, std::max(PageSize(), kSlack));
  if (bounce.get() == nullptr) return -ENOMEM;
  int result = Result(static_cast<int>(syscall(SYS_perf_event_open, bounce.get(), pid, cpu, group,
                                               static_cast<unsigned long>(flags | PERF_FLAG_FD_CLOEXEC))));
  bounce.CopyBack();
  return result;
}

int IoctlBytes(int fd, uint64_t request, uint8_t* data, size_t length) {
  Bounce bounce(data, length, kSlack);
  if (bounce.get() == nullptr) return -ENOMEM;
  int result = Result(ioctl(fd, static_cast<unsigned long>(request), bounce.get()));
  bounce.CopyBack();
  return result;
}

int IoctlNumber(int fd, uint64_t request, uint64_t argument) {
  return Result(ioctl(fd, static_cast<unsigned long>(request), static_cast<unsigned long>(argument)));
}

int Close(int fd) {
  return Result(close(fd));
}

int Mmap(void* hint, size_t length, int prot, int fd, uint64_t offset, void** address) {
  struct stat info;
  if (fstat(fd, &info) < 0) return -errno;
  if (S_ISREG(info.st_mode)) {
    uint64_t page = PageSize();
    uint64_t end = (static_cast<uint64_t>(info.st_size) + page - 1) / page * page;
    if (offset > end || length > end - offset) return -EINVAL;
  }
  void* result = mmap(hint, length, prot, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (result == MAP_FAILED) return -errno;
  *address = result;
  return 0;
}

int Munmap(void* address, size_t length) {
  return Result(munmap(address, length));
}

size_t PageSize() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

int Open(const char* path, int flags, unsigned mode) {
  return Result(open(path, flags | O_CLOEXEC, static_cast<mode_t>(mode)));
}

int Mkdir(const char* path, unsigned mode) {
  return Result(mkdir(path, static_cast<mode_t>(mode)));
}

int Rmdir(const char* path) {
  return Result(rmdir(path));
}

int Unlink(const char* path) {
  return Result(unlink(path));
}

int64_t Read(int fd, uint8_t* data, size_t length) {
  return Result<int64_t>(read(fd, data, length));
}

int64_t Write(int fd, const uint8_t* data, size_t length) {
  return Result<int64_t>(write(fd, data, length));
}

int Fchdir(int fd) {
  return Result(fchdir(fd));
}

int Chroot(const char* path) {
  return Result(chroot(path));
}

int Mount(const char* source, const char* target, const char* type, uint64_t flags, const char* data) {
  return Result(mount(source, target, type, static_cast<unsigned long>(flags), data));
}

int Umount(const char* target, int flags) {
  return Result(umount2(target, flags));
}

int Socket(int domain, int type, int protocol) {
  return Result(socket(domain, type | SOCK_CLOEXEC, protocol));
}

int SocketPair(int domain, int type, int protocol, int fds[2]) {
  return Result(socketpair(domain, type | SOCK_CLOEXEC, protocol, fds));
}

int Bind(int fd, const uint8_t* addr, size_t length) {
  return Result(bind(fd, reinterpret_cast<const sockaddr*>(addr), static_cast<socklen_t>(length)));
}

int Connect(int fd, const uint8_t* addr, size_t length) {
  return Result(connect(fd, reinterpret_cast<const sockaddr*>(addr), static_cast<socklen_t>(length)));
}

int Listen(int fd, int backlog) {
  return Result(listen(fd, backlog));
}

int Accept(int fd, int flags) {
  return Result(accept4(fd, nullptr, nullptr, flags | SOCK_CLOEXEC));
}

int GetSockName(int fd, uint8_t* addr, size_t length) {
  socklen_t size = static_cast<socklen_t>(length);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(addr), &size) < 0) return -errno;
  return static_cast<int>(size);
}

int GetPeerName(int fd, uint8_t* addr, size_t length) {
  socklen_t size = static_cast<socklen_t>(length);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(addr), &size) < 0) return -errno;
  return static_cast<int>(size);
}

int GetSockOpt(int fd, int level, int name, uint8_t* value, size_t length) {
  socklen_t size = static_cast<socklen_t>(length);
  if (getsockopt(fd, level, name, value, &size) < 0) return -errno;
  return static_cast<int>(size);
}

int SetSockOpt(int fd, int level, int name, const uint8_t* value, size_t length) {
  return Result(setsockopt(fd, level, name, value, static_cast<socklen_t>(length)));
}

int64_t Send(int fd, const uint8_t* data, size_t length, int flags, const uint8_t* addr, size_t addr_length) {
  // A closed peer is an answer (EPIPE), not a reason to end the process.
  return Result<int64_t>(sendto(fd, data, length, flags | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(addr),
                                static_cast<socklen_t>(addr_length)));
}

int64_t Recv(int fd, uint8_t* data, size_t length, int flags) {
  return Result<int64_t>(recv(fd, data, length, flags));
}

int64_t RecvFrom(int fd, uint8_t* data, size_t length, int flags, uint8_t* addr, size_t addr_length) {
  socklen_t size = static_cast<socklen_t>(addr_length);
  return Result<int64_t>(recvfrom(fd, data, length, flags, reinterpret_cast<sockaddr*>(addr), &size));
}

int EpollCreate() {
  return Result(epoll_create1(EPOLL_CLOEXEC));
}

int EpollAdd(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return Result(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

int EpollReady(int epoll, int* ready, int capacity) {
  constexpr int kBatch = 256;
  epoll_event events[kBatch];
  int count = Result(epoll_wait(epoll, events, std::min(capacity, kBatch), 0));
  for (int i = 0; i < count; i++) ready[i] = events[i].data.fd;
  return count;
}

int Unshare(int flags) {
  return Result(unshare(flags));
}

int SetNs(int fd, int type) {
  return Result(setns(fd, type));
}

int GetPid() {
  return getpid();
}

int GetTid() {
  return static_cast<int>(syscall(SYS_gettid));
}

// The number is the same on every architecture; older libc headers do not have it.
constexpr int kPidfdOpen = 434;

int PidfdOpen(int pid, unsigned flags) {
  return Result(static_cast<int>(syscall(kPidfdOpen, pid, flags)));
}

int SetAffinity(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return -EINVAL;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return Result(sched_setaffinity(0, sizeof(set), &set));
}

int SetLimit(int resource, uint64_t soft, uint64_t hard) {
  rlimit limit{};
  limit.rlim_cur = static_cast<rlim_t>(soft);
  limit.rlim_max = static_cast<rlim_t>(hard);
  return Result(setrlimit(static_cast<__rlimit_resource_t>(resource), &limit));
}

}  // namespace skep::sys
