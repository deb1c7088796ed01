import Testing

/// System calls made from C by a confined process, and what the kernel answers.
struct SystemCallTests {
  /// What a session may do.
  static let allowed = [
    "write_inside", "read_library", "start_thread", "signal_self", "stream_pair",
    "mode_outside",  // Without effect: the canary's mode is looked at.
  ]

  static let refused: [(error: String, attempts: [String])] = [
    (
      "EACCES",
      [
        "write_library", "read_outside", "write_outside", "create_outside", "read_passwords",
        "read_own_memory", "read_host_environment", "truncate_outside", "unlink_outside",
        "rename_outside", "move_out", "read_through_symlink", "read_through_descriptor",
      ]
    ),
    ("EXDEV", ["link_outside"]),
    ("EOPNOTSUPP", ["attribute"]),
    ("ENOTTY", ["type_into_terminal"]),
    ("EBADF", ["read_host_descriptor"]),
    ("EMFILE", ["many_descriptors"]),
    ("ENOMEM", ["much_memory"]),
    ("ENOSYS", ["open_by_structure", "clone_by_structure", "call_of_the_future", "call_of_x32"]),
    (
      "EPERM",
      [
        "truncate_by_reading", "make_fifo", "make_device", "own_outside", "mount_here",
        "change_root", "execute_program", "own_signals", "notify_directory", "fork_process",
        "signal_host", "signal_all", "signal_thread_of_host", "signal_by_thread", "open_process",
        "trace", "read_memory", "raise_limit", "limit_host", "unlock_tracing", "new_namespace",
        "become_root", "new_terminal_session", "pin_processor", "host_name", "executable_memory",
        "make_executable", "memory_file", "shared_segment", "lock_memory", "udp_socket",
        "raw_socket", "sctp_socket", "multipath_socket", "netlink_socket", "packet_socket",
        "vsock_socket", "unix_stream", "datagram_pair", "fast_open", "ring", "program_kernel",
        "measure", "keys", "handle_faults", "reboot_machine", "splice_pipes", "flush_disks",
        "landlock_again", "filter_again",
      ]
    ),
  ]

  private func expectCommonAnswers(_ probe: Probe) {
    #expect(probe["status"] == "0")
    for attempt in Self.allowed { #expect(probe[attempt] == "OK", "\(attempt)") }
    for (error, attempts) in Self.refused {
      for attempt in attempts { #expect(probe[attempt] == error, "\(attempt)") }
    }
    #expect(probe["canary"] == "intact")
    #expect(probe["exit"] == "0")
  }

  @Test(arguments: Probe.Circumstances.available)
  func confinedProcessReachesNothingOffline(_ circumstances: Probe.Circumstances) async throws {
    let probe = try await Probe("attempts", circumstances.arguments)
    expectCommonAnswers(probe)
    #expect(probe["tcp_to_host"] == "EPERM")
    #expect(probe["tcp_to_proxy"] == "EPERM")
  }

  @Test(arguments: Probe.Circumstances.available)
  func confinedProcessReachesOnlyTheProxyWithNetwork(
    _ circumstances: Probe.Circumstances
  ) async throws {
    let probe = try await Probe("attempts", circumstances.arguments + ["--network"])
    expectCommonAnswers(probe)
    #expect(probe["tcp_to_host"] == "EACCES")
    #expect(probe["tcp_to_proxy"] == "OK")
  }

  @Test func kernelWithoutLandlockIsRefused() async throws {
    let probe = try await Probe("attempts", ["--no-landlock"])
    #expect(probe["status"] == "1")
  }

  @Test func networkWithoutNamespacesAndLandlockIsRefused() async throws {
    let arguments = ["--no-landlock", "--no-namespaces", "--network"]
    #expect(try await Probe("attempts", arguments)["status"] == "1")
  }

  @Test func namespacesAreReported() async throws {
    let with = try await Probe("attempts")
    let without = try await Probe("attempts", ["--no-namespaces"])
    let namespaces = 0b11110
    #expect(Int(with["layers"]).map { $0 & namespaces } == namespaces)
    #expect(Int(without["layers"]).map { $0 & namespaces } == 0)
  }
}
