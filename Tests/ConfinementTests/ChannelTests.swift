import CInterpreter
import Foundation
import Testing

/// Frames over a stream socket, the other end of which may say anything.
struct ChannelTests {
  /// A channel and the raw descriptor at its other end.
  private final class Ends {
    var channel = ds_channel()
    var other: Int32

    init(limit: Int) throws {
      var pair: [Int32] = [0, 0]
      try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
      ds_channel_open(&channel, pair[0], limit)
      other = pair[1]
    }

    deinit {
      ds_channel_close(&channel)
      close(other)
    }

    func write(_ bytes: [UInt8]) {
      #expect(Foundation.write(other, bytes, bytes.count) == bytes.count)
    }

    func receive() -> (error: Int32, payload: [UInt8]) {
      var payload: UnsafePointer<UInt8>?
      var length = 0
      let error = ds_channel_receive(&channel, &payload, &length)
      return (error, Array(UnsafeBufferPointer(start: payload, count: length)))
    }

    func hangUp() { shutdown(other, Int32(SHUT_WR)) }
  }

  private func frame(_ payload: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(payload.count).littleEndian, Array.init) + payload
  }

  @Test func framesArriveWholeAndInOrder() throws {
    let ends = try Ends(limit: 1000)
    ends.write(frame([1, 2, 3]) + frame([]) + frame([4]))
    #expect(ends.receive() == (0, [1, 2, 3]))
    #expect(ds_channel_has_frame(&ends.channel) == 1)
    #expect(ends.receive() == (0, []))
    #expect(ends.receive() == (0, [4]))
    #expect(ds_channel_has_frame(&ends.channel) == 0)
  }

  @Test func frameInPiecesIsPutTogether() throws {
    let ends = try Ends(limit: 1000)
    let bytes = frame(Array(0..<200))
    ends.write(Array(bytes[..<2]))
    let other = ends.other
    Thread.detachNewThread {
      for byte in bytes[2...] { withUnsafeBytes(of: byte) { _ = write(other, $0.baseAddress, 1) } }
    }
    #expect(ends.receive() == (0, Array(0..<200)))
  }

  @Test func lengthOverTheLimitIsAnError() throws {
    let ends = try Ends(limit: 10)
    ends.write(frame(Array(repeating: 0, count: 11)))
    #expect(ends.receive().error == EMSGSIZE)
  }

  @Test func announcedLengthTakesNoMemoryUntilItArrives() throws {
    let ends = try Ends(limit: 1 << 40)
    ends.write([0xff, 0xff, 0xff, 0xff, 1, 2, 3])
    ends.hangUp()
    #expect(ends.receive().error == ECONNRESET)
    #expect(ends.channel.input.capacity <= 1 << 20)
  }

  @Test(arguments: [[], [1], [5, 0, 0, 0], [5, 0, 0, 0, 1, 2]])
  func hangUpInsideAFrameIsAnError(_ bytes: [UInt8]) throws {
    let ends = try Ends(limit: 1000)
    ends.write(bytes)
    ends.hangUp()
    #expect(ends.receive().error == ECONNRESET)
  }

  @Test func sendingToNobodyIsAnErrorAndNoSignal() throws {
    let ends = try Ends(limit: 1000)
    close(ends.other)
    ends.other = -1
    #expect(ds_channel_send(&ends.channel, [1, 2], 2, nil, 0) == EPIPE)
  }

  @Test func descriptorsTravelWithFramesAndExcessIsClosed() throws {
    let ends = try Ends(limit: 1000)
    var sender = ds_channel()
    ds_channel_open(&sender, dup(ends.other), 1000)
    defer { ds_channel_close(&sender) }
    for _ in 0..<3 {
      let sent = [Int32](repeating: ends.other, count: 4)
      #expect(ds_channel_send(&sender, [7], 1, sent, sent.count) == 0)
    }
    for _ in 0..<3 { #expect(ends.receive() == (0, [7])) }
    #expect(ends.channel.descriptor_count == Int(DS_CHANNEL_DESCRIPTORS))
    let taken = ds_channel_take_descriptor(&ends.channel)
    #expect(taken >= 0)
    close(taken)
  }

  @Test func fieldsAreReadBack() {
    var buffer = ds_buffer()
    defer { ds_buffer_free(&buffer) }
    #expect(ds_put_integer(&buffer, 7, .max) == 0)
    #expect(ds_put_text(&buffer, 9, "text") == 0)
    var fields = ds_fields(next: buffer.bytes!, left: buffer.count)
    var field = ds_field()
    var number: UInt64 = 0
    #expect(ds_fields_next(&fields, &field) == 1 && field.tag == 7)
    #expect(ds_field_integer(&field, &number) == 0 && number == .max)
    #expect(ds_fields_next(&fields, &field) == 1 && field.tag == 9 && field.length == 4)
    #expect(ds_field_integer(&field, &number) == EBADMSG)
    #expect(ds_fields_next(&fields, &field) == 0)
  }

  /// A million random frames (a tenth without `make soak`): fields never reach past the end.
  @Test func fieldsOfAnyBytesStayInside() {
    var random = SplitMix(state: 42)
    for round in 0..<(TestEnvironment.isSoak ? 1_000_000 : 100_000) {
      let length = Int(random.next() % 64)
      var bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      // Half of them with lengths that may be true.
      if round % 2 == 0 { for i in bytes.indices where i % 5 > 1 { bytes[i] = 0 } }
      bytes.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        var fields = ds_fields(next: base, left: buffer.count)
        var field = ds_field()
        while ds_fields_next(&fields, &field) == 1 {
          let start = field.bytes ?? base
          precondition(start >= base && start + field.length <= base + buffer.count)
        }
      }
    }
  }
}

/// The same random numbers in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
