import Foundation
import Testing

/// What happens to the streams while code runs: readers that go away, Ctrl-C.
@Suite struct StandardStreamsTests {
  let dynasaur = CommandLineProgram()

  @Test func aReaderThatGoesAwayEndsTheProgramQuietly() async throws {
    let run = try await dynasaur.shell(
      """
      echo 'while True: print("line")' | "$dynasaur" exec - | head -n 1
      echo "${PIPESTATUS[1]}"
      """)
    #expect(run.output == "line\n141\n")
    #expect(run.error == "")
  }

  @Test(arguments: [">&-", ">/dev/full"])
  func outputThatCannotBeWrittenIsSaid(redirection: String) async throws {
    for option in ["", "--json"] {
      let run = try await dynasaur.shell(
        "echo 'print(1)' | \"$dynasaur\" exec \(option) - \(redirection)")
      #expect(run.status == 1)
      #expect(run.error.contains("Standard output cannot be written"))
    }
  }

  @Test func aFileOpenedWhileOutputIsClosedDoesNotGetThePrintedText() async throws {
    let folder = try TemporaryFolder()
    try folder.write("f = open('data.txt', 'w')\nprint('stray')\nf.write('data')", to: "p.py")
    var dynasaur = dynasaur
    dynasaur.directory = folder.url
    _ = try await dynasaur.shell("\"$dynasaur\" exec --isolation in-process p.py >&-")
    let data = try String(contentsOf: folder.url.appending(path: "data.txt"), encoding: .utf8)
    #expect(!data.contains("stray"))
  }

  @Test(
    arguments: [
      "while True: pass", "import time\ntime.sleep(1000)",
      "import threading\nthreading.Event().wait()",
    ], ExecTests.isolations)
  func controlCStopsTheCode(code: String, isolation: String) async throws {
    // A job that a shell starts in the background inherits SIGINT as ignored; it must work there too.
    let run = try await dynasaur.shell(
      """
      mkfifo said
      "$dynasaur" exec --isolation \(isolation) <(printf 'print("ready")\\n%s' '\(code)') > said &
      read -r line < said
      kill -INT $!
      wait $!
      echo "$?"
      """)
    #expect(run.output == "130\n")
    #expect(run.error == "dynasaur: Interrupted.\n")
  }

  @Test func controlCEndsTheWaitForInput() async throws {
    // More than a pipe holds: once it is written, the program has begun to read.
    let run = try await dynasaur.shell(
      """
      mkfifo never
      exec 3<>never
      "$dynasaur" exec - <&3 &
      head -c 100000 /dev/zero | tr '\\0' '#' >&3
      kill -INT $!
      wait $!
      echo "$?"
      """)
    #expect(run.output == "130\n")
  }
}
