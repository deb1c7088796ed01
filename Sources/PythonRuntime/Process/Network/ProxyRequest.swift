import Foundation

/// The head of a request to the proxy. It comes from code that nobody has read.
struct ProxyRequest: Sendable, Hashable {
  static let longestHead = 64 << 10

  /// The host to connect to and its port.
  var host: String
  var port: UInt16
  /// Whether a tunnel was asked for (`CONNECT`).
  var isTunnel: Bool
  /// What is sent to the server first: the request in its own form, empty for a tunnel.
  var forwarded: [UInt8]
  /// The credentials of `Proxy-Authorization`.
  var credentials: String?

  /// Reads a head that ends with an empty line; nil for anything that is not one.
  init?(head: [UInt8]) {
    guard let text = String(validating: head, as: UTF8.self) else { return nil }
    var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    let request = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
    guard request.count == 3, request[2].hasPrefix("HTTP/1."), !request[0].isEmpty else {
      return nil
    }
    let headers = lines.prefix { !$0.isEmpty }
    credentials = headers.lazy.compactMap(Self.credentials).first
    if request[0] == "CONNECT" {
      let (host, port) = NetworkRules.split(String(request[1]))
      guard let port, Self.isHost(host) else { return nil }
      (self.host, self.port, isTunnel, forwarded) = (host, port, true, [])
    } else {
      guard let target = Self.target(request[1]) else { return nil }
      (host, port, isTunnel) = (target.host, target.port, false)
      // One request a connection: the next may be for another host.
      let kept = headers.filter { !Self.isHopByHop($0) } + ["Connection: close"]
      let head = ["\(request[0]) \(target.path) HTTP/1.1"] + kept.map(String.init)
      forwarded = Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
  }

  /// Host, port and path of `http://host:port/path`.
  private static func target(
    _ address: Substring
  ) -> (host: String, port: UInt16, path: Substring)? {
    let scheme = "http://"
    guard address.lowercased().hasPrefix(scheme) else { return nil }
    let rest = address.dropFirst(scheme.count)
    let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    let (host, port) = NetworkRules.split(String(rest[..<end]))
    guard isHost(host) else { return nil }
    let path = rest[end...]
    return (host, port ?? 80, path.isEmpty ? "/" : path.hasPrefix("?") ? "/" + path : path)
  }

  /// Letters, digits, dots, hyphens, and the colons of IPv6.
  private static func isHost(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count < 254
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
          UInt8(ascii: "_"), UInt8(ascii: ":"):
          true
        default: false
        }
      }
  }

  private static func isHopByHop(_ header: Substring) -> Bool {
    let name = header.prefix { $0 != ":" }.lowercased()
    return name == "connection" || name == "keep-alive" || name.hasPrefix("proxy-")
  }

  private static func credentials(_ header: Substring) -> String? {
    let parts = header.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "proxy-authorization" else { return nil }
    let words = parts[1].split(separator: " ")
    guard words.count == 2, words[0].lowercased() == "basic",
      let data = Data(base64Encoded: String(words[1]))
    else { return nil }
    return String(decoding: data, as: UTF8.self)
  }
}
