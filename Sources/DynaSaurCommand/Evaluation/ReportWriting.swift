import DynaSaur
import DynaSaurTerminal
import Evaluation
import Foundation

extension EvaluationReport {
  /// Writes the report of runs, and a page for each trajectory that ended in a failure, to which the report
  /// links.
  ///
  /// - Throws: ``EvaluationError`` with `unusableOutput`.
  static func write(
    of runs: [RunFolder], to folder: URL, withTime: Bool = false
  ) throws -> EvaluationReport {
    for run in runs {
      for (file, page) in try run.failedTrajectories() {
        // A trajectory that cannot be shown is linked to as it is.
        guard let trajectory = try? Trajectory(contentsOf: file) else { continue }
        try? Data(TrajectoryPage(trajectory).html.utf8).write(to: page, options: .atomic)
      }
    }
    let report = try EvaluationReport(of: runs, in: folder, withTime: withTime)
    try report.write(to: folder)
    return report
  }
}
