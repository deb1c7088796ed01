import Foundation
import PythonRuntime

/// An installed Chromium, which makes pages that need JavaScript.
///
/// It runs code of web pages on the host: in its own sandbox, unless this process is root's, where
/// Chromium cannot use it. Each page gets a profile of its own and reaches the web through a proxy that
/// lets through what the session's policy does.
public struct Browser: Sendable {
  private let executable: String

  /// Uses the installed Chromium or Chrome; nil if there is none.
  public init?() {
    let names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
    guard let executable = names.lazy.compactMap(HostProgram.path).first else { return nil }
    self.executable = executable
  }

  /// A page's HTML after its code has run.
  ///
  /// - Parameters:
  ///   - address: Begins with `http://` or `https://`.
  ///   - network: Whom the page, and all that it loads, may be fetched from.
  /// - Throws: ``AgentError`` with `serviceFailed`.
  public func html(of address: String, network: WorkerPolicy.Network) async throws -> String {
    // It becomes an argument: nothing that could be an option or a file.
    guard let url = URL(string: address), ["http", "https"].contains(url.scheme), url.host != nil
    else { throw AgentError(.serviceFailed, "\(address.prefix(200)) is no address of a web page.") }
    let proxy = try HostProxy(for: network, asksCredentials: false)
    var arguments = [
      "--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync",
      "--disable-background-networking", "--disable-component-update", "--mute-audio",
      "--user-data-dir=profile", "--proxy-server=\(proxy.address)",
      // Without this, addresses of this machine would go around the proxy.
      "--proxy-bypass-list=<-loopback>",
      // Names are looked up by the proxy, and nothing goes another way.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--disable-quic",
      "--virtual-time-budget=15000", "--timeout=30000", "--dump-dom",
    ]
    if getuid() == 0 { arguments.append("--no-sandbox") }
    let program = HostProgram(
      executable: executable, arguments: arguments + [address], deadline: .seconds(60))
    let output = try await program.run()
    withExtendedLifetime(proxy) {}
    guard output.status == 0, !output.text.isEmpty else {
      throw AgentError(
        .serviceFailed, "Chromium could not make \(address): \(output.errors.suffix(300))")
    }
    return String(decoding: output.text, as: UTF8.self)
  }

  /// `render_page`, as Python code calls it.
  func function(network: WorkerPolicy.Network) -> HostFunction {
    HostFunction(
      name: "__render_page__", signature: "(address: str) -> str",
      documentation: "A page's HTML after its code has run."
    ) { arguments in
      .string(try await html(of: arguments.value("address"), network: network))
    }
  }
}
