import Foundation
import PythonRuntime

/// Actions that a search found, in a form that the code which asked can load them from.
///
/// A search is answered while a step runs: sources go over with the answer, and what the code then
/// calls is loaded without asking the host again.
extension Library {
  /// As `dynasaur_library/offers.py` takes them. Those that lack something they call are left out.
  package func offers(of actions: [Action]) async throws -> String {
    let plans = try await read { db in
      try actions.compactMap { action -> LoadPlan? in
        do {
          return try LoadPlan(action, db)
        } catch let error as LibraryError where error.code == .badCandidate {
          return nil
        }
      }
    }
    return try ActionRecord.encode(plans.map(Offer.init))
  }

  /// Takes back what the last step was offered and did not call; returns what it did call.
  package func closeOffers(in session: any Session) async throws -> [Action] {
    let hashes = try await SessionBridge(session: session).call("close_offers", as: [String].self)
    var called: [Action] = []
    for hash in hashes {
      if let action = try await action(hash: hash) { called.append(action) }
    }
    return called
  }
}

private struct Offer: Encodable {
  var name: String
  var hash: String
  var summary: String
  /// Keys, each after those of what it calls.
  var wanted: [[String]]
  var records: [String: LoadRecord]

  init(_ plan: LoadPlan) {
    name = plan.action.name
    hash = plan.action.hash
    summary = plan.action.summary
    wanted = (plan.dependencyKeys + [plan.key]).map { [$0] }
    records = [plan.key: LoadRecord(plan.action)]
    for (key, action) in zip(plan.dependencyKeys, plan.dependencies) {
      records[key] = LoadRecord(action)
    }
  }
}
