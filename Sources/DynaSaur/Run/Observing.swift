import LanguageModels
import PythonRuntime

extension Step.Observation {
  /// What a step did, and what the model is shown of it: what is too long is cut, and the full text
  /// put into a variable of the session.
  static func of(
    _ result: ExecutionResult, files: [File], note: String?, step: Int, in place: SessionPlace,
    options: AgentOptions
  ) async throws -> Step.Observation {
    let pictures = await place.workspace.save(result.images, ofStep: step)
    // Redacted before it is cut: half of a secret would not be found.
    var text = APIKey.redact(
      ObservationText.of(
        result, pictures: pictures, files: files, showsImages: options.showsImages))
    if let note { text += "\n\n" + note }
    var observation = Step.Observation(
      output: result.output, errorOutput: result.errorOutput, value: result.display,
      failure: result.exception.map {
        .init(type: $0.type, message: $0.message, traceback: $0.traceback)
      },
      imageCount: result.images.count, imageFiles: pictures, files: files,
      seconds: result.duration / .seconds(1))
    let variable = "full_text_of_step_\(step)"
    observation.text = text.cutInMiddle(to: options.observationLimit) { leftOut in
      "[… \(leftOut) characters left out here; the full text is in the variable \(variable) …]"
    }
    if observation.text != text {
      try await place.session.setValue(.string(text), for: variable)
      place.needsCheckpoint()
      observation.fullTextVariable = variable
    }
    return observation.redacted
  }
}
