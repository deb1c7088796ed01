/// Answers of any web server.
extension [LoopbackServer.Move] {
  /// A response with a body of known length.
  package static func response(
    _ status: Int = 200, type: String? = "application/json", headers: [String: String] = [:],
    body: some Sequence<UInt8>
  ) -> Self {
    let body = [UInt8](body)
    return [.send(head(status, type: type, headers, "Content-Length: \(body.count)") + body)]
  }

  package static func response(
    _ status: Int = 200, type: String? = "application/json", headers: [String: String] = [:],
    text: String
  ) -> Self {
    response(status, type: type, headers: headers, body: [UInt8](text.utf8))
  }

  package static func html(_ text: String) -> Self {
    response(type: "text/html; charset=utf-8", text: text)
  }

  package static func redirect(to address: String, status: Int = 302) -> Self {
    response(status, type: nil, headers: ["Location": address], text: "")
  }

  package static var missing: Self { response(404, type: "text/plain", text: "Not here.") }

  /// Never an answer.
  package static var stall: Self { [.stall] }

  /// The head of a response, and some of the body, whose rest never comes.
  package static func begun(_ text: String, type: String = "text/html") -> Self {
    [.send(head(200, type: type, [:], "Connection: close") + [UInt8](text.utf8)), .stall]
  }

  /// The head of a response; `framing` says where its body ends.
  package static func head(
    _ status: Int, type: String?, _ headers: [String: String], _ framing: String
  ) -> [UInt8] {
    var lines = ["HTTP/1.1 \(status) Status", framing, "Connection: close"]
    if let type { lines.append("Content-Type: \(type)") }
    lines += headers.map { "\($0.key): \($0.value)" }.sorted()
    return [UInt8]((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }
}
