# SPDX-License-Identifier: BSD-2-Clause
{
  'targets': [
    {
      'target_name': 'skep',
      'sources': [
        'src/addon.cc',
        'src/args.cc',
        'src/bpf.cc',
        'src/child.cc',
        'src/file.cc',
        'src/memory.cc',
        'src/process.cc',
        'src/socket.cc',
        'src/syscall.cc',
        'src/wait.cc',
      ],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      'cflags': ['-Wall', '-Wextra', '-Wno-unused-parameter', '-fvisibility=hidden', '-O2'],
      'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fno-rtti'],
      'cflags_cc!': ['-std=gnu++14', '-std=gnu++17', '-std=gnu++20'],
    },
  ],
}
