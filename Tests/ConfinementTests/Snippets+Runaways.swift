extension Snippet {
  /// Programs that never end by themselves.
  static let runaways: [Snippet] = [
    Snippet("endless loop", .deadline, inProcess: .deadline, "while True: pass"),
    Snippet(
      "swallowing every exception", .deadline, inProcess: .deadline,
      """
      while True:
          try:
              while True: pass
          except BaseException: pass
      """),
    Snippet(
      "nested finally and continue", .deadline, inProcess: .deadline,
      """
      def level(depth):
          while True:
              try:
                  while depth == 0: pass
                  level(depth - 1)
              finally:
                  continue
      level(30)
      """),
    Snippet(
      "context manager that swallows", .deadline, inProcess: .deadline,
      """
      class Swallow:
          def __enter__(self): return self
          def __exit__(self, *details): return True
      while True:
          with Swallow():
              while True: pass
      """),
    Snippet(
      "trace function removed in the loop", .deadline, inProcess: .deadline,
      """
      import sys
      while True: sys.settrace(None)
      """),
    Snippet("sleep", .deadline, inProcess: .deadlineOrLoss, "import time; time.sleep(1e6)"),
    Snippet(
      "receive that never comes", .deadline, inProcess: .deadlineOrLoss,
      """
      import socket
      a, b = socket.socketpair()
      a.recv(1)
      """),
    Snippet(
      "lock taken twice", .deadline, inProcess: .deadlineOrLoss,
      """
      import threading
      lock = threading.Lock()
      lock.acquire(); lock.acquire()
      """),
    Snippet(
      "event loop that swallows", .deadline, inProcess: .deadlineOrLoss,
      """
      import asyncio
      async def forever():
          while True:
              try: await asyncio.sleep(3600)
              except BaseException: pass
      asyncio.run(forever())
      """),
    Snippet(
      "catastrophic expression", .deadline, inProcess: .deadlineOrLoss,
      "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')"),
    Snippet("huge power", .deadline, inProcess: .deadlineOrLoss, "x = 10 ** 10 ** 8"),
    Snippet("sum in C", .deadline, inProcess: .deadlineOrLoss, "sum(range(10 ** 12))"),
    Snippet(
      "search in C", .deadline, inProcess: .loss, "import itertools; 1 in itertools.repeat(0)"),
    Snippet(
      "maximum in C", .deadline, inProcess: .loss,
      "import itertools; max(itertools.product(range(10 ** 3), repeat=9))"),
    Snippet(
      "key derivation", .deadline, inProcess: .loss,
      "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 2 ** 31 - 1)"),
    Snippet(
      // Python swallows what is raised in a finalizer, and goes on after it.
      "finalizer that loops", .deadline, inProcess: .deadline,
      """
      class Loop:
          def __del__(self):
              while True: pass
      loop = Loop()
      del loop
      """),
    Snippet(
      "interrupt ignored", .deadline, inProcess: .exception("ValueError"),
      """
      import signal
      signal.signal(signal.SIGINT, signal.SIG_IGN)
      while True: pass
      """),
    Snippet(
      "stopped by itself", .deadline, inProcess: refused,
      "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"),
    Snippet(
      "interrupt blocked", .deadline, inProcess: .deadline,
      """
      import signal
      signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
      while True: pass
      """),
  ]

  /// Programs that use up what a machine has.
  static let gluttons: [Snippet] = [
    Snippet(
      "huge list", .exception("MemoryError"), inProcess: .exception("MemoryError"),
      "list(range(10 ** 10))"),
    Snippet(
      "huge bytes", .exception("MemoryError"), inProcess: .exception("MemoryError"),
      "b'a' * 10 ** 11"),
    Snippet(
      "growing list", .exception("MemoryError"), inProcess: .exception("MemoryError"),
      """
      rows = []
      while True: rows.append([0] * 10 ** 6)
      """),
    Snippet(
      "nested growth", .exception("MemoryError"), inProcess: .exception("MemoryError"),
      """
      nested = []
      while True: nested = [nested, [0] * 10 ** 5]
      """),
    Snippet(
      "small objects", .exception("MemoryError"), inProcess: .exception("MemoryError"),
      """
      rows = []
      while True: rows.append({'a': len(rows)})
      """),
    Snippet(
      // CPython 3.11 loops for ever in a handler that it has no memory to enter.
      "small objects in a handler", .exception("MemoryError"),
      inProcess: .exception("MemoryError"),
      """
      def fill(rows):
          try:
              while True: rows.append(bytes(400))
          finally:
              rows.append('last')
      rows = []
      try: fill(rows)
      except MemoryError as error: fill(rows)
      """),
    Snippet(
      "memory held by an exception", .exception("MemoryError"),
      inProcess: .exception("MemoryError"),
      """
      def fill():
          rows = []
          while True: rows.append({'a': len(rows)})
      def again():
          try: fill()
          except MemoryError as error:
              held = error
              raise KeyError('other') from error
      try: again()
      except KeyError as error: raise MemoryError('third')
      """),
    Snippet(
      "list filled with numbers", .exception("MemoryError"), inProcess: nil,
      """
      rows = [None] * (900 << 20 >> 3)
      index = 0
      while True:
          try:
              while True:
                  rows[index] = index + 10 ** 9
                  index += 1
          except MemoryError: failures = 1
      """),
    Snippet(
      "unbounded recursion", .anything, inProcess: .anything,
      """
      import sys
      sys.setrecursionlimit(10 ** 9)
      class Mirror:
          def __getattr__(self, name): return getattr(self, name + 'x')
      Mirror().a
      """),
    Snippet(
      "chain of iterators", .anything, inProcess: .anything,
      """
      chain = []
      for _ in range(10 ** 6): chain = map(int, chain)
      list(chain)
      """),
    Snippet(
      "threads with small stacks", .exception("RuntimeError: can't start new thread"),
      inProcess: .exception("RuntimeError: can't start new thread"),
      """
      import threading, time
      threading.stack_size(32768)
      while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
      """),
    Snippet(
      "process bomb", .exception("PermissionError"), inProcess: refused,
      """
      import os
      while True: os.fork()
      """),
    Snippet(
      "file without end", .exception("OSError: [Errno 27]"), inProcess: nil,
      """
      with open('large', 'wb') as file:
          while True: file.write(bytes(1 << 20))
      """),
    Snippet(
      "descriptors without end", .exception("OSError: [Errno 24]"), inProcess: nil,
      """
      files = []
      while True: files.append(open('/dev/null'))
      """),
  ]
}
