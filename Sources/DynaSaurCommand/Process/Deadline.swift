import ArgumentParser

/// Deadlines as a person gives them.
enum Deadline {
  /// Refuses what is no number of seconds above zero, or more than a few lifetimes.
  static func validate(_ seconds: Double?) throws {
    if let seconds, !(seconds > 0 && seconds <= 1e9) {
      throw ValidationError("The deadline must be a number of seconds above 0.")
    }
  }
}
