extension Snippet {
  /// System calls with which programs leave other sandboxes: what each returns, and its errno.
  private static func call(
    _ name: String, _ ending: String, prelude: String = "", _ calls: String
  ) -> Snippet {
    Snippet(
      name, .value(ending), inProcess: refused,
      """
      import ctypes, os
      libc = ctypes.CDLL(None, use_errno=True)
      def call(number, *arguments):
          ctypes.set_errno(0)
          arguments = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
          result = libc.syscall(ctypes.c_long(number), *arguments)
          return result if result >= 0 else f'errno {ctypes.get_errno()}'
      host, victim = int(os.environ['HOST_PROCESS']), int(os.environ['CANARY_PROCESS'])
      room = ctypes.create_string_buffer(4096)
      \(prelude)
      \(calls)
      """)
  }

  #if arch(x86_64)
    private static let isX86 = true
  #else
    private static let isX86 = false
  #endif

  /// What is known to open sandboxes. The numbers are those of x86_64.
  private static let calls: [Snippet] = [
    call(
      "rings of system calls", "['errno 1', 'errno 1', 'errno 1']",
      "[call(425, 4, room), call(426, 3, 0, 0, 0, 0), call(427, 3, 0, 0, 0)]"),
    call(
      "program in memory", "['errno 1', 'errno 1', 'errno 1']",
      "[call(319, b'x', 0), call(322, 3, b'', 0, 0, 0x1000), call(59, b'/bin/true', 0, 0)]"),
    call(
      "tracing the host", "['errno 1', 'errno 1', 'errno 1', 'errno 1']",
      "[call(101, 16, host, 0, 0), call(101, 0x4206, victim, 0, 0), "
        + "call(310, host, room, 1, room, 1, 0), call(311, host, room, 1, room, 1, 0)]"),
    call(
      "descriptors of the host", "['errno 1', 'errno 1', 'errno 1']",
      "[call(434, host, 0), call(438, 3, 3, 0), call(312, os.getpid(), host, 0, 3, 3)]"),
    call(
      "faults handled by the code", "['errno 1', 'errno 1', 'errno 1', 'errno 1']",
      "[call(323, 0), call(321, 0, room, 64), call(298, room, 0, -1, -1, 0), call(250, 0, 0)]"),
    call(
      "processes by other calls", "['errno 1', 'errno 1', 'errno 1', 'errno 38']",
      "[call(57), call(58), call(56, 17, 0, 0, 0, 0), call(435, room, 88)]"),
    call(
      "namespaces and mounts", "['errno 1', 'errno 1', 'errno 1', 'errno 1', 'errno 1']",
      "[call(272, 0x10000000), call(308, 3, 0), call(165, b'x', b'.', b'tmpfs', 0, 0), "
        + "call(430, b'tmpfs', 0), call(155, b'.', b'.')]"),
    call(
      "files by handle", "['errno 1', 'errno 1', 'errno 1']",
      "[call(304, -100, room, 0), call(303, -100, b'.', room, room, 0), call(161, b'.')]"),
    call(
      "limits raised", "['errno 1', 'errno 1', 'errno 1', 'errno 1']",
      prelude: "most = (ctypes.c_uint64 * 2)(2 ** 64 - 1, 2 ** 64 - 1)",
      "[call(302, 0, 9, most, None), call(302, 0, 1, most, None), call(302, host, 7, most, None), "
        + "call(160, 9, most)]"),
    call(
      "the filter undone", "['errno 1', 'errno 1', 'errno 1', 'errno 1', 'errno 1']",
      "[call(317, 1, 0, room), call(157, 22, 0, 0, 0, 0), call(157, 38, 0, 0, 0, 0), "
        + "call(157, 4, 0, 0, 0, 0), call(126, room, room)]"),
    call(
      "memory shared with others", "['errno 1', 'errno 1', 'errno 1', 'errno 1']",
      "[call(29, 1234, 4096, 0o1666), call(68, 1234, 0o1666), call(64, 1234, 1, 0o1666), "
        + "call(240, b'/mine', 0o102, 0o600, 0)]"),
  ]

  /// Programs that try the doors of other sandboxes.
  static let doors: [Snippet] =
    (isX86 ? calls : []) + [
      Snippet(
        "shared memory by path", .exception("PermissionError"), inProcess: refused,
        """
        with open('/dev/shm/mine', 'wb') as file:
            while True: file.write(bytes(1 << 20))
        """),
      Snippet(
        "folders of other sessions", .exception("PermissionError"), inProcess: nil,
        """
        import os
        own = os.path.dirname(os.environ['TMPDIR'])
        os.listdir(os.path.dirname(own))
        """),
      Snippet(
        "a race between a folder and a link", .value("'never'"), inProcess: nil,
        """
        import os, threading, time
        os.mkdir('a'); os.symlink('..', 'b')
        ended = False
        def swap():
            while not ended:
                os.rename('a', 'd'); os.rename('d', 'a')
                os.rename('b', 'd'); os.rename('d', 'b')
        thread = threading.Thread(target=swap); thread.start()
        reached, end = 'never', time.monotonic() + 1.5
        while time.monotonic() < end:
            try:
                with open('d/canary.txt', 'r+') as file: reached = 'the canary'
            except OSError: pass
        ended = True
        thread.join()
        reached
        """),
      Snippet(
        "datagrams to a named socket", .exception("PermissionError"), inProcess: nil,
        """
        import os, socket
        a, b = socket.socketpair(type=socket.SOCK_DGRAM)
        a.sendto(b'x', os.environ['CANARY_SOCKET'])
        """),
      Snippet(
        "a socket that waits in the workspace", .exception("PermissionError"), inProcess: refused,
        """
        import os, socket
        socket.socket(socket.AF_UNIX).bind(os.path.join(os.environ['WORKSPACE'], 'trap'))
        """),
      Snippet(
        "a pipe that waits in the workspace", .exception("PermissionError"), inProcess: refused,
        "import os; os.mkfifo('trap')"),
      Snippet(
        "the channel replaced", .death, inProcess: nil,
        """
        import os, stat
        null = os.open('/dev/null', os.O_RDWR)
        for number in range(3, 20):
            try:
                if stat.S_ISSOCK(os.fstat(number).st_mode): os.dup2(null, number)
            except OSError: pass
        """),
      Snippet(
        "output past Python without end", .deadline, inProcess: refused,
        """
        import os
        while True: os.write(1, b'x' * (1 << 20))
        """),
      Snippet(
        "output without end", .deadline, inProcess: .deadline, "while True: print('x' * 10 ** 6)"),
      Snippet(
        "host calls without end", .deadline, inProcess: nil,
        """
        import _dynasaur, threading
        def call():
            while True:
                try: _dynasaur.call_host(7, 'x' * 100)
                except Exception: pass
        for _ in range(8): threading.Thread(target=call, daemon=True).start()
        while True: pass
        """),
      Snippet(
        "host calls whose results are not read", .death, inProcess: nil,
        """
        import os, stat, struct
        channels = []
        for number in range(3, 20):
            try:
                if stat.S_ISSOCK(os.fstat(number).st_mode): channels.append(number)
            except OSError: pass
        call = 1 << 20
        while True:
            content = bytes([35]) + struct.pack('<II', call, 7) + b'\\x0b\\0\\0\\0\\0'
            os.write(channels[0], struct.pack('<I', len(content)) + content)
            call += 1
        """),
      Snippet(
        "every environment in reach", .value("[]"), inProcess: nil,
        """
        import ctypes, os
        libc = ctypes.CDLL(None)
        found, at = [], ctypes.POINTER(ctypes.c_char_p).in_dll(libc, 'environ')
        index = 0
        while at and at[index]:
            found.append(at[index]); index += 1
        for path in ('/proc/self/environ', '/proc/1/environ', f'/proc/{os.getppid()}/environ'):
            try: found.append(open(path, 'rb').read())
            except OSError: pass
        [text for text in found if b'canary-secret' in text or b'KEY' in text]
        """),
    ]

  /// Programs that fill the host's disk past what is counted by the names of files.
  static let hoards: [Snippet] = [
    Snippet(
      "files that have no name", .death, inProcess: nil,
      """
      import os, tempfile, time
      files = []
      for _ in range(20):
          files.append(tempfile.TemporaryFile())
          files[-1].write(bytes(16 << 20)); files[-1].flush()
      time.sleep(30)
      """),
    Snippet(
      "files deleted while open", .death, inProcess: nil,
      """
      import os, time
      files = []
      for n in range(20):
          files.append(open('large', 'wb')); os.remove('large')
          files[-1].write(bytes(16 << 20)); files[-1].flush()
      time.sleep(30)
      """),
    Snippet(
      "empty files", .death, inProcess: nil,
      """
      n = 0
      while True:
          n += 1
          open(f'{n}', 'w').close()
      """),
    Snippet(
      "folders too deep for a path", .death, inProcess: nil,
      """
      import os, time
      for _ in range(300):
          os.mkdir('d' * 200); os.chdir('d' * 200)
      for n in range(20):
          with open(f'{n}', 'wb') as file: file.write(bytes(16 << 20))
      time.sleep(30)
      """),
  ]
}
