import CInterpreter
import Foundation
import Testing

@testable import PythonRuntime

/// Whatever bytes a worker sends, the host reads data or throws.
struct HostileFrameTests {
  /// Real frames, of which hostile ones are made by damage.
  private static let seeds: [[UInt8]] = {
    let description: PythonValue = .tuple([
      "ValueError", "bad", "Traceback …", ["note"], .none, [], 0,
    ])
    let report: PythonValue = .tuple([
      "out", "err", 0, 0, .bytes((try? PythonValue.list([1, 2.5, "x"]).encoded()) ?? []), "repr",
      description,
      [.tuple(["image/png", .bytes([1, 2])])], 0.5,
    ])
    let checkpoint: PythonValue = .tuple([
      3, .bytes([1, 2, 3]), ["a"], .dictionary([.init(key: "b", value: "why")]),
    ])
    let values: [PythonValue] = [
      report, description, checkpoint, .tuple([.none, .bytes([0])]),
      .array(.init(format: "d", shape: [2], bytes: [UInt8](repeating: 0, count: 16))),
      .dictionary([.init(key: .tuple([1, 2]), value: .set([3]))]), .complex(real: 1, imaginary: 2),
    ]
    var opened = ControlFrame(DS_FRAME_OPENED)
    opened.append(DS_FIELD_LAYERS, 4095)
    opened.append(DS_FIELD_MESSAGE, "text")
    return values.compactMap { try? $0.encoded() } + [opened.bytes]
  }()

  private func damaged(_ random: inout SplitMix) -> [UInt8] {
    var bytes = Self.seeds[Int(random.next() % UInt64(Self.seeds.count))]
    for _ in 0..<(1 + random.next() % 4) where !bytes.isEmpty {
      let index = Int(random.next() % UInt64(bytes.count))
      switch random.next() % 5 {
      case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
      case 1: bytes[index] ^= 1 << UInt8(random.next() % 8)
      case 2: bytes.removeSubrange(index...)
      case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
      default: bytes[index] = random.next() % 2 == 0 ? 0 : 0xff
      }
    }
    return bytes
  }

  /// A million frames (a tenth without `make soak`) through every reader of the host, always the same
  /// ones.
  @Test func framesOfAnyBytesAreReadOrRefused() throws {
    var random = SplitMix(state: 7)
    var read = 0
    var attached = 0
    let segment = try SharedSegment(size: 1 << 20)
    let count = TestEnvironment.isSoak ? 1_000_000 : 100_000
    for _ in 0..<count {
      let bytes = damaged(&random)
      _ = bytes.withUnsafeBytes { try? ReceivedFrame($0) }
      let list = attachmentList(&random)
      if let reply = (bytes + list).withUnsafeBytes({ segment.take($0) }) {
        attached += reply.attachments.count
        #expect(reply.attachments.reduce(0) { $0 + $1.count } <= segment.size)
        if let value = try? reply.value() {
          _ = try? ExecutionResult(reply: value, attachments: reply.attachments)
        }
      }
      guard let value = try? PythonValue(decoding: bytes) else { continue }
      read += 1
      _ = try? ExecutionResult(reply: value)
      _ = try? PythonException.described(by: value)
      _ = try? WorkerCheckpoint(reply: value)
    }
    // Damage is not all that is tested: some frames are still frames.
    #expect(read > count / 100)
    #expect(attached > count / 100)
  }

  /// The end of a message: a list of attachments, half of them true.
  private func attachmentList(_ random: inout SplitMix) -> [UInt8] {
    let count = UInt32(truncatingIfNeeded: random.next() % 4)
    let isTrue = random.next() % 2 == 0
    var bytes: [UInt8] = []
    for index in 0..<UInt64(count) {
      let entry =
        isTrue
        ? [index << 12, random.next() % 4096]
        : [random.next() % (1 << 21), random.next() >> (random.next() % 64)]
      for number in entry { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    }
    let told = isTrue || random.next() % 4 > 0 ? count : UInt32(truncatingIfNeeded: random.next())
    withUnsafeBytes(of: told.littleEndian) { bytes += $0 }
    return bytes
  }

  /// Code in a session that writes frames of its own onto the channel to the host.
  @Test(arguments: 0..<40)
  func framesWrittenByTheCodeItselfEndOnlyItsProcess(_ seed: Int) async throws {
    let session = try await WorkerSession()
    try await session.define(
      HostFunction(name: "host", signature: "(n)", documentation: "") { $0["n"] })
    try await session.execute("kept = 1")
    let result = try await session.execute(
      """
      import os, random, struct, stat
      random.seed(\(seed))
      channels = []
      for n in range(3, 20):
          try:
              if stat.S_ISSOCK(os.fstat(n).st_mode): channels.append(n)
          except OSError: pass
      def frame():
          kind = random.choice([0, 1, 7, 8, 32, 33, 34, 35, 36, 255])
          body = random.choice([b'', random.randbytes(random.randrange(64)),
              struct.pack('<IB', random.randrange(4), random.randrange(3)) + random.randbytes(20),
              struct.pack('<II', random.randrange(4), random.randrange(4)) + b'\\x0b\\x01\\0\\0\\0\\0'])
          content = bytes([kind]) + body
          length = len(content) if random.random() < 0.8 else random.randrange(2 ** 32)
          return struct.pack('<I', length) + content
      for _ in range(random.randrange(1, 60)):
          os.write(channels[0], frame())
      """, deadline: .seconds(5))
    _ = result
    let after = try await session.execute("kept", deadline: .seconds(20))
    #expect(after.value == 1 || after.exception?.type == "NameError", "\(after)")
    await session.close()
  }
}
