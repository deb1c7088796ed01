import LanguageModels
import PythonRuntime

extension Step.Observation {
  /// The observation with every secret of this process cut out: code in this process can read its
  /// environment, and neither the model nor a log may have what it holds.
  var redacted: Step.Observation {
    var observation = self
    observation.text = APIKey.redact(text)
    observation.output = APIKey.redact(output)
    observation.errorOutput = APIKey.redact(errorOutput)
    observation.value = value.map(APIKey.redact)
    observation.failure = failure.map {
      Failure(
        type: $0.type, message: APIKey.redact($0.message), traceback: APIKey.redact($0.traceback))
    }
    return observation
  }
}

extension OutputChunk {
  /// The output with every secret of this process cut out.
  var redacted: OutputChunk { OutputChunk(stream: stream, text: APIKey.redact(text)) }
}
