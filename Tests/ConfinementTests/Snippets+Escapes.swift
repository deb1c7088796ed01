extension Snippet {
  /// Programs that reach for the host's files, processes and sockets.
  static let escapes: [Snippet] = [
    Snippet("shell", .anything, inProcess: refused, "import os; os.system('touch $OUTSIDE/made')"),
    Snippet(
      "subprocess", .exception("PermissionError"), inProcess: refused,
      "import subprocess; subprocess.run(['/bin/true'])"),
    Snippet(
      "pip", .exception("PermissionError"), inProcess: refused,
      "import subprocess, sys; subprocess.run([sys.executable, '-m', 'pip', 'install', 'six'])"),
    Snippet(
      "subprocess without its module", .exception("PermissionError"), inProcess: refused,
      """
      import _posixsubprocess, os
      r, w = os.pipe()
      _posixsubprocess.fork_exec([b'/bin/true'], [b'/bin/true'], True, (w,), None, None,
          -1, -1, -1, -1, -1, -1, r, w, True, False, 0, None, None, None, -1, None, True)
      """),
    Snippet(
      "spawn", .exception("PermissionError"), inProcess: refused,
      "import os; os.posix_spawn('/bin/true', ['true'], {})"
    ),
    Snippet(
      "exec", .exception("PermissionError"), inProcess: refused,
      "import os; os.execv('/bin/true', ['true'])"),
    Snippet(
      "read a file", .exception("PermissionError"), inProcess: refused,
      "import os; open(os.environ['CANARY'])"),
    Snippet(
      "write a file", .exception("PermissionError"), inProcess: refused,
      "import os; open(os.environ['CANARY'], 'w')"),
    Snippet(
      "append to a file", .exception("PermissionError"), inProcess: refused,
      "import os; open(os.environ['CANARY'], 'a')"),
    Snippet(
      "remove a file", .exception("PermissionError"), inProcess: refused,
      "import os; os.remove(os.environ['CANARY'])"),
    Snippet(
      "truncate a file", .exception("PermissionError"), inProcess: refused,
      "import os; os.truncate(os.environ['CANARY'], 0)"),
    Snippet(
      "rename a file", .exception("PermissionError"), inProcess: refused,
      "import os; os.rename(os.environ['CANARY'], 'mine')"),
    Snippet(
      "link a file", .exception("OSError: [Errno 18]"), inProcess: refused,
      "import os; os.link(os.environ['CANARY'], 'mine')"),
    Snippet(
      "change a file's mode", .value("None"), inProcess: refused,
      "import os; os.chmod(os.environ['CANARY'], 0)"),
    Snippet(
      "change a file's time", .value("None"), inProcess: refused,
      "import os; os.utime(os.environ['CANARY'], (0, 0))"),
    Snippet(
      "change a file's owner", .exception("PermissionError"), inProcess: refused,
      "import os; os.chown(os.environ['CANARY'], 1, 1)"),
    Snippet(
      "remove a tree", .exception("PermissionError"), inProcess: refused,
      "import os, shutil; shutil.rmtree(os.environ['OUTSIDE'])"),
    Snippet(
      "make a directory", .exception("PermissionError"), inProcess: refused,
      "import os; os.mkdir('../mine')"),
    Snippet(
      "read through a link", .exception("PermissionError"), inProcess: refused,
      "import os; os.symlink(os.environ['CANARY'], 'link'); open('link').read()"),
    Snippet(
      "remove by directory descriptor", .exception("PermissionError"), inProcess: refused,
      "import os; os.remove('../canary.txt', dir_fd=os.open('.', os.O_PATH))"),
    Snippet(
      "open by directory descriptor", .exception("PermissionError"), inProcess: refused,
      "import os; os.open('../canary.txt', os.O_WRONLY, dir_fd=os.open('.', os.O_PATH))"),
    Snippet(
      "link made outside", .exception("PermissionError"), inProcess: refused,
      "import os; os.symlink('x', '../mine')"),
    Snippet(
      "swap a directory for a link", .exception("PermissionError"), inProcess: refused,
      """
      import os
      os.mkdir('d'); os.rename('d', 'e'); os.symlink('..', 'd')
      open('d/canary.txt', 'w')
      """),
    Snippet(
      "list the parent", .exception("PermissionError"), inProcess: refused,
      "import os; os.listdir(os.environ['OUTSIDE'])"),
    Snippet(
      "tcp", .exception("PermissionError"), inProcess: refused,
      "import os, socket; socket.create_connection(('127.0.0.1', int(os.environ['CANARY_TCP'])))"),
    Snippet(
      "udp", .exception("PermissionError"), inProcess: refused,
      """
      import os, socket
      socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(os.environ['CANARY_UDP'])))
      """),
    Snippet(
      "unix socket", .exception("PermissionError"), inProcess: refused,
      "import os, socket; socket.socket(socket.AF_UNIX).connect(os.environ['CANARY_SOCKET'])"),
    Snippet(
      "abstract socket", .exception("PermissionError"), inProcess: refused,
      """
      import os, socket
      socket.socket(socket.AF_UNIX).connect('\\0' + os.environ['CANARY_ABSTRACT'])
      """),
    Snippet(
      "message on the channel with descriptors", .anything, inProcess: .anything,
      """
      import os, socket
      for number in range(3, 10):
          try:
              channel = socket.socket(fileno=os.dup(number))
              socket.send_fds(channel, [b''], [0])
          except OSError: pass
      """),
    Snippet(
      "kill the host", .exception("PermissionError"), inProcess: refused,
      "import os; os.kill(int(os.environ['HOST_PROCESS']), 9)"),
    Snippet(
      "kill a neighbour", .exception("PermissionError"), inProcess: refused,
      "import os; os.kill(int(os.environ['CANARY_PROCESS']), 9)"),
    Snippet(
      "kill everything", .exception("PermissionError"), inProcess: refused,
      "import os; os.kill(-1, 9)"),
    Snippet(
      "kill the parent", .exception("PermissionError"), inProcess: refused,
      "import os; os.kill(os.getppid(), 9)"),
    Snippet(
      "the host's environment", .exception("PermissionError"), inProcess: refused,
      "import os; open(f'/proc/{os.environ[\"HOST_PROCESS\"]}/environ').read()"),
    Snippet(
      "the session's environment", .value("False"), inProcess: nil,
      "import os; 'CANARY_SECRET' in os.environ"),
    Snippet(
      "the environment in C", .value("None"), inProcess: refused,
      """
      import ctypes
      getenv = ctypes.CDLL(None).getenv
      getenv.restype = ctypes.c_char_p
      getenv(b'CANARY_SECRET')
      """),
    Snippet(
      "passwords", .exception("PermissionError"), inProcess: refused, "open('/etc/shadow').read()"),
    Snippet(
      "raise a limit", .anything, inProcess: refused,
      "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))"),
  ]

  /// Programs that break the interpreter they run in.
  static let breakages: [Snippet] = [
    Snippet("exit", .death, inProcess: refused, "import os; os._exit(3)"),
    Snippet("abort", .death, inProcess: refused, "import os; os.abort()"),
    Snippet(
      "segmentation fault", .death, inProcess: refused,
      "import faulthandler; faulthandler._sigsegv()"),
    Snippet(
      "own death", .death, inProcess: refused,
      "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    Snippet(
      "bus error", .death, inProcess: refused,
      """
      import mmap
      with open('mapped', 'wb+') as file:
          file.truncate(4096)
          memory = mmap.mmap(file.fileno(), 4096)
          file.truncate(0)
          memory[0]
      """),
    Snippet(
      "own memory by path", .exception("PermissionError"), inProcess: refused,
      "open('/proc/self/mem', 'rb+')"),
    Snippet("null pointer", .death, inProcess: refused, "import ctypes; ctypes.string_at(0)"),
    Snippet(
      "wild write", .death, inProcess: refused, "import ctypes; ctypes.memset(0x1000, 0, 4096)"),
    Snippet(
      "system call", .value("-1"), inProcess: refused,
      "import ctypes; ctypes.CDLL(None).syscall(57)"),
    Snippet(
      "machine code in memory", .exception("PermissionError"), inProcess: nil,
      """
      import mmap
      mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
      """),
    Snippet(
      "crafted code object", .anything, inProcess: refused,
      """
      def f(): pass
      f.__code__ = f.__code__.replace(co_code=b'\\x64\\xff' * 8 + f.__code__.co_code, co_consts=())
      f()
      """),
    Snippet(
      "crafted marshal", .anything, inProcess: refused,
      "import marshal; exec(marshal.loads(b'c' + b'\\xff' * 64))"),
    Snippet(
      "crafted compiled module", .anything, inProcess: refused,
      """
      import importlib.util, sys
      with open('evil.pyc', 'wb') as file:
          file.write(importlib.util.MAGIC_NUMBER + bytes(12) + b'\\xe3' + b'\\xff' * 256)
      sys.path.insert(0, '.')
      import evil
      """),
    Snippet(
      "library of the workspace", .anything, inProcess: refused,
      """
      import ctypes, shutil
      shutil.copy('/usr/lib/x86_64-linux-gnu/libz.so.1', 'mine.so')
      ctypes.CDLL('./mine.so')
      """),
    Snippet(
      "use after free in a buffered reader", .anything, inProcess: nil,
      """
      import io
      class Evil(io.RawIOBase):
          def readable(self): return True
          def readinto(self, view):
              global kept
              kept = view
              return 0
      io.BufferedReader(Evil()).read(1)
      kept[0:8] = b'A' * 8 if len(kept) >= 8 else b''
      """),
    Snippet(
      "finalizer at the end", .death, inProcess: refused,
      """
      import atexit, os, weakref
      class Last:
          def __del__(self): open(os.environ['CANARY'], 'w')
      last = Last()
      atexit.register(lambda: open(os.environ['CANARY'], 'w'))
      os._exit(0)
      """),
    Snippet(
      "every descriptor closed", .death, inProcess: refused, "import os; os.closerange(0, 1000)"),
    Snippet(
      "switch interval", .value("None"), inProcess: refused,
      "import sys; sys.setswitchinterval(1e9)"),
    Snippet(
      "signal handlers", .anything, inProcess: .anything,
      """
      import signal
      for number in signal.Signals:
          try: signal.signal(number, signal.SIG_IGN)
          except (OSError, ValueError): pass
      """),
    Snippet(
      "garbage on the channel", .death, inProcess: .anything,
      """
      import os
      for number in range(3, 10):
          try: os.write(number, b'\\xff' * 64)
          except OSError: pass
      """),
  ]

  /// Programs that need packages.
  static let unsafePackages: [Snippet] = [
    Snippet(
      "array over foreign memory", .anything, inProcess: nil,
      """
      import numpy
      class Fake:
          __array_interface__ = dict(
              shape=(1 << 20,), typestr='|u1', data=(0x7f0000000000, False), version=3)
      array = numpy.asarray(Fake())
      array[:] = 0
      """),
    Snippet(
      "array over its own memory", .anything, inProcess: nil,
      """
      import numpy
      class Fake:
          __array_interface__ = dict(
              shape=(256,), typestr='|u1', data=(id(numpy), False), version=3)
      numpy.asarray(Fake())[:] = 255
      numpy.ones(3)
      """),
    Snippet(
      "huge array", .exception("numpy._core._exceptions._ArrayMemoryError"), inProcess: nil,
      "import numpy; numpy.ones(1 << 30, dtype='u1')"),
  ]
}
