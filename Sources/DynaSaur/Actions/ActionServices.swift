import LanguageModels
import PythonRuntime

/// What initial actions may use of the host: each is a function of the host behind Python code, so that
/// it serves a confined session, which has neither keys nor programs nor, unless its policy says so, a
/// network.
///
/// What is not set here, its actions say so when they are called, and the prompt does not name them.
public struct ActionServices: Sendable {
  /// Finds web pages. Without it, where the network is allowed, the package `ddgs` is asked, which
  /// needs no key.
  public var search: WebSearch?
  /// Whom the actions that read web pages may talk to; `none` for nobody. It should be what the policy
  /// of the session says: a confined session goes through its own proxy in any case.
  public var network: WorkerPolicy.Network = .none
  /// Makes pages that need JavaScript, on request.
  public var browser: Browser?
  /// A model that sees pictures, for `describe_image`.
  public var vision: (any LanguageModel)?
  /// A model that writes down speech, for `transcribe_audio`.
  public var transcription: TranscriptionModel?
  /// Reads letters in pictures, for `read_image_text`.
  public var textRecognition: TextRecognition?
  /// Fetches packages, for `install_package`. Without it, the model is told that nothing can be
  /// installed.
  public var packages: PackageInstaller?

  /// None but what needs no choice: letters in pictures are read where tesseract is installed.
  public init() {
    textRecognition = TextRecognition()
  }
}
