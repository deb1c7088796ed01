import LanguageModels
import PythonRuntime

/// Lets a model write down a recording.
enum SpeechRecognition {
  /// `hear_audio`, as Python code calls it.
  static func function(asking model: TranscriptionModel) -> HostFunction {
    HostFunction(
      name: "__hear_audio__", signature: "(data: bytes, name: str, language: str | None) -> str",
      documentation: "What is said in a recording."
    ) { arguments in
      let language = try arguments.value("language", as: String?.self)
      if let language, language.wholeMatch(of: /[A-Za-z]{2,3}(-[A-Za-z]{2,4})?/) == nil {
        throw AgentError(
          .serviceFailed, "\(language.prefix(40)) is no code of a language such as 'en'.")
      }
      return .string(
        try await model.text(
          of: arguments.bytes("data"), fileName: arguments.value("name"), language: language))
    }
  }
}
