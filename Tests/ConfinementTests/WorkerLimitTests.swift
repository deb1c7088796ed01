import Foundation
import PythonRuntime
import Testing

/// What sessions do with memory and disk, and what is left of them.
struct WorkerLimitTests {
  @Test func foldersOfASessionAreRemovedWhateverIsInThem() async throws {
    var policy = WorkerPolicy.offline
    policy.diskLimit = .max  // Folders that are nested so deep are over any other.
    let session = try await WorkerSession(options: .init(policy: policy))
    let folder = URL(fileURLWithPath: session.workspace).deletingLastPathComponent().path
    let result = try await session.execute(
      """
      import os
      os.mkdir('closed', 0)
      os.symlink('/usr', 'link')
      for _ in range(300):
          os.mkdir('d' * 200); os.chdir('d' * 200)
          open('file', 'w').close()
      """)
    #expect(result.exception == nil)
    await session.close()
    #expect(!FileManager.default.fileExists(atPath: folder))
    #expect(FileManager.default.fileExists(atPath: "/usr/lib"))
  }

  @Test func sessionThatHoldsAllItsMemoryIsReplacedAndSaysWhatIsLost() async throws {
    var policy = WorkerPolicy.offline
    policy.memoryLimit = 512 << 20
    try await withSession(.init(policy: policy)) { session in
      try await session.execute("kept = [1, 2]")
      let result = try await session.execute(
        """
        print('begun')
        rows = []
        while True: rows.append({'a': len(rows)})
        """)
      #expect(result.exception?.type == "MemoryError")
      #expect(result.output == "begun\n")
      #expect(result.errorOutput.contains("left it no memory to go on with"), "\(result)")
      #expect(result.errorOutput.contains("Not restored: rows"), "\(result)")
      let after = try await session.execute("(kept, 'rows' in globals())")
      #expect(after.display == "([1, 2], False)")
      #expect(after.errorOutput.isEmpty)
    }
  }

  @Test func sessionThatUsesUpWhatMemoryIsKeptIsReplaced() async throws {
    var policy = WorkerPolicy.offline
    policy.memoryLimit = 512 << 20
    try await withSession(.init(policy: policy)) { session in
      try await session.execute("kept = [1, 2]")
      let result = try await session.execute(
        """
        rows = None
        while True:
            try:
                while True: rows = (rows, bytes(400))
            except MemoryError: caught = True
        """, deadline: .seconds(120))
      #expect(result.exception?.type == "MemoryError")
      #expect(result.exception?.message.contains("used up its memory") == true, "\(result)")
      #expect(try await session.execute("kept").value == [1, 2])
    }
  }

  @Test func sessionThatLetsItsMemoryGoKeepsItsProcess() async throws {
    var policy = WorkerPolicy.offline
    policy.memoryLimit = 512 << 20
    try await withSession(.init(policy: policy)) { session in
      let process = try await session.execute("import os; os.getpid()").value
      let result = try await session.execute(
        """
        def fill():
            rows = []
            while True: rows.append({'a': len(rows)})
        def again():
            try: fill()
            except MemoryError as error: held = error; raise
        again()
        """)
      #expect(result.exception?.type == "MemoryError")
      #expect(try await session.execute("os.getpid()").value == process)
    }
  }

  @Test func threadThatWritesBetweenStepsIsStopped() async throws {
    var policy = WorkerPolicy.offline
    policy.diskLimit = 4 << 20
    try await withSession(.init(policy: policy)) { session in
      let process = try await session.execute(
        """
        import os, threading
        started, go = threading.Event(), threading.Event()
        def write():
            started.set()
            go.wait()
            for n in range(100):
                with open(str(n), 'wb') as file: file.write(bytes(1 << 20))
        threading.Thread(target=write, daemon=True).start()
        started.wait(); go.set()
        os.getpid()
        """)
      // Killed while no step runs, by a guard of 10 s for the test's sake.
      let victim = pid_t(try #require(try process.value?.as(Int.self)))
      let end = ContinuousClock.now + .seconds(10)
      while kill(victim, 0) == 0, ContinuousClock.now < end { await Task.yield() }
      #expect(kill(victim, 0) != 0)
      let result = try await session.execute(
        "import os; [os.remove(name) for name in os.listdir('.')]; len(os.listdir('.'))")
      #expect(result.value == 0, "\(result)")
      #expect(result.errorOutput.contains("more than its disk limit"), "\(result)")
    }
  }

  @Test func sessionWhoseFilesExceedTheDiskLimitIsStopped() async throws {
    var policy = WorkerPolicy.offline
    policy.diskLimit = 4 << 20
    try await withSession(.init(policy: policy)) { session in
      let result = try await session.execute(
        """
        n = 0
        while True:
            n += 1
            with open(str(n), 'wb') as file: file.write(bytes(1 << 20))
        """, deadline: .seconds(60))
      #expect(result.exception?.message.contains("disk limit") == true)
    }
  }
}
