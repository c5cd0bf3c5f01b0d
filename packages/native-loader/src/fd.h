// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <utility>

#include "syscall.h"

namespace skep {

// A file descriptor that C++ owns: closed when it goes out of scope.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  void Reset() {
    if (fd_ >= 0) sys::Close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace skep
