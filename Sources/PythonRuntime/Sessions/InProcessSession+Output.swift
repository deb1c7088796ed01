import CInterpreter

extension InProcessSession {
  /// Runs `body`, and tells what is printed meanwhile. Needs the GIL, on the session's thread.
  func telling<R>(
    _ onOutput: @escaping @Sendable (OutputChunk) -> Void, _ body: () throws -> R
  ) rethrows -> R {
    outputSink.receive(onOutput)
    // SAFETY: the GIL is held by contract.
    ds_session_set_streaming(pointer.pointer, 1)
    defer {
      ds_session_set_streaming(pointer.pointer, 0)
      outputSink.receive(nil)
    }
    return try body()
  }
}

/// Carries what a session prints to whoever runs a step.
final class OutputSink: Sendable {
  private let receiver = Lock<(@Sendable (OutputChunk) -> Void)?>(nil)

  func receive(_ receiver: (@Sendable (OutputChunk) -> Void)?) {
    self.receiver.withLock { $0 = receiver }
  }

  private func tell(_ chunk: OutputChunk) {
    receiver.withLock { $0 }?(chunk)
  }

  /// Makes this the sink of a session that is being made. Needs the GIL.
  func attach(to session: OpaquePointer) {
    // SAFETY: C gives the retained reference back when no thread can call the sink any more.
    ds_session_set_sink(
      session,
      { context, stream, text, count in
        guard let context else { return }
        let sink = Unmanaged<OutputSink>.fromOpaque(context).takeUnretainedValue()
        let bytes = UnsafeRawBufferPointer(start: text, count: count)
        sink.tell(
          OutputChunk(
            stream: stream == 1 ? .standardOutput : .standardError,
            text: String(decoding: bytes, as: UTF8.self)))
      }, Unmanaged.passRetained(self).toOpaque(),
      { Unmanaged<OutputSink>.fromOpaque($0).release() })
  }
}
