/// Where a search adds up what each word gives each slot.
///
/// It stays as long as its index, and is all zeros between searches: to clear what one search touched
/// takes less than to make room for every slot.
struct WordScores {
  private var scores: ContiguousArray<Float> = []
  private var touched: ContiguousArray<UInt32> = []

  /// How many slots it has room for.
  var count: Int { scores.count }

  mutating func grow(to count: Int) {
    if scores.count < count {
      scores.append(contentsOf: repeatElement(0, count: count - scores.count))
    }
  }

  /// Adds to the score of a slot; what is added is above 0.
  mutating func add(_ score: Float, to slot: UInt32) {
    if scores[Int(slot)] == 0 { touched.append(slot) }
    scores[Int(slot)] += score
  }

  subscript(slot: UInt32) -> Float { scores[Int(slot)] }

  /// The slots with a score, ascending.
  func slots() -> [UInt32] {
    // Sorting many takes longer than looking at all.
    if touched.count > scores.count / 32 {
      return scores.indices.compactMap { scores[$0] == 0 ? nil : UInt32($0) }
    }
    return touched.sorted()
  }

  mutating func clear() {
    for slot in touched { scores[Int(slot)] = 0 }
    touched.removeAll(keepingCapacity: true)
  }
}
