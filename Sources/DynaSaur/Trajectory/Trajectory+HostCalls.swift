import PythonRuntime

extension Trajectory {
  /// Where the file beside the trajectory holds what is too large for a line.
  public struct Place: Sendable, Hashable, Codable {
    /// Where it begins, in bytes.
    public var offset: Int
    /// Its size in bytes.
    public var length: Int
    /// FNV-1a over words of eight bytes, in hexadecimal digits.
    public var checksum: String
  }

  /// A picture that a step made.
  public struct Picture: Sendable, Hashable, Codable {
    /// The step.
    public var step: Int
    /// Its name, as ``Step/Observation/imageFiles`` has it.
    public var name: String
    /// Such as `image/png`.
    public var mediaType: String
    /// Where it lies.
    public var place: Place
  }

  /// A call by which a step's code asked the host for something: a search, a page of the web, a tool of
  /// an MCP server, a function of the app, another agent.
  public struct HostCall: Sendable, Hashable, Codable {
    /// An error in place of a result.
    public struct Failure: Sendable, Hashable, Codable {
      /// The type of the Python exception; empty for one of Swift.
      public var type: String
      /// What it said.
      public var message: String
    }

    /// The step whose code called.
    public var step: Int
    /// The name of the function.
    public var function: String
    /// The arguments as Python writes them, long ones shortened.
    public var arguments: String
    /// What tells these arguments from others, in hexadecimal digits.
    public var argumentsChecksum: String
    /// The result as Python writes it, shortened if it is long; nil if it failed.
    public var result: String?
    /// Why there is no result.
    public var failure: Failure?
    /// The result in the plain data encoding of `PythonValue`, in base64; nil where it lies elsewhere.
    public var data: String?
    /// Where the result lies if it is too large for a line.
    public var place: Place?
    /// Why the result is not kept; nil if it is.
    public var leftOut: String?
  }

  /// A function of the host that code can call.
  public struct HostFunctionReference: Sendable, Hashable, Codable {
    /// Its name in Python.
    public var name: String
    /// Its parameters and result as Python writes them.
    public var signature: String
    /// Its docstring.
    public var documentation: String

    init(_ function: HostFunction) {
      (name, signature) = (function.name, function.signature)
      documentation = function.documentation
    }
  }
}
