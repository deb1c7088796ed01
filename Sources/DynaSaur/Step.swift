/// One turn of a run: what the model thought, what it ran, what it was shown.
public struct Step: Sendable, Hashable {
  /// Counts from 1.
  public var number: Int
  /// The model's reasoning; what it wrote, if the reply was malformed.
  public var thought: String
  /// The Python code; empty if the reply was malformed.
  public var code: String
  /// What the model was shown of it; nil while it is under way, or if the run ended before.
  public var observation: Observation?

  /// Makes a step.
  public init(number: Int, thought: String, code: String, observation: Observation? = nil) {
    self.number = number
    self.thought = thought
    self.code = code
    self.observation = observation
  }

  /// What a step did, and the text of it that the model was shown.
  public struct Observation: Sendable, Hashable, Codable {
    /// An exception that ended the step.
    public struct Failure: Sendable, Hashable, Codable {
      /// The exception's type, such as `ValueError`.
      public var type: String
      /// The exception's text.
      public var message: String
      /// The traceback with the steps' source lines.
      public var traceback: String

      /// Makes a failure.
      public init(type: String, message: String, traceback: String = "") {
        self.type = type
        self.message = message
        self.traceback = traceback
      }
    }

    /// A file that the step made or changed.
    public struct File: Sendable, Hashable, Codable {
      /// The path, from the workspace.
      public var path: String
      /// The size in bytes.
      public var size: Int

      /// Makes a file.
      public init(path: String, size: Int) {
        self.path = path
        self.size = size
      }
    }

    /// What the model was shown, cut in the middle where it was too long.
    public var text: String
    /// What the code printed to standard output.
    public var output: String
    /// What the code printed to standard error.
    public var errorOutput: String
    /// The value of the final expression as a notebook shows it.
    public var value: String?
    /// The exception that ended the step, or a host's refusal to run it.
    public var failure: Failure?
    /// What was wrong with the reply, if no code could be taken from it.
    public var malformedReply: String?
    /// How many pictures the step made.
    public var imageCount: Int
    /// The files of the workspace in which the pictures were saved.
    public var imageFiles: [String]
    /// The files that the step made or changed.
    public var files: [File]
    /// The variable that holds the text in full, where `text` was cut.
    public var fullTextVariable: String?
    /// How long the code took, in seconds.
    public var seconds: Double

    /// Makes an observation.
    public init(
      text: String = "", output: String = "", errorOutput: String = "", value: String? = nil,
      failure: Failure? = nil, malformedReply: String? = nil, imageCount: Int = 0,
      imageFiles: [String] = [], files: [File] = [], fullTextVariable: String? = nil,
      seconds: Double = 0
    ) {
      self.text = text
      self.output = output
      self.errorOutput = errorOutput
      self.value = value
      self.failure = failure
      self.malformedReply = malformedReply
      self.imageCount = imageCount
      self.imageFiles = imageFiles
      self.files = files
      self.fullTextVariable = fullTextVariable
      self.seconds = seconds
    }
  }
}
