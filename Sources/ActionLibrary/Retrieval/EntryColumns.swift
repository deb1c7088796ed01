/// What the index knows of each slot besides its vector, and which slot an action has.
///
/// A struct, whose methods are one access to the object that holds it: a class's properties are each
/// checked for overlapping accesses, which costs as much as all the rest of loading a row.
struct EntryColumns {
  private(set) var actions: ContiguousArray<Int64> = []
  private(set) var embeddings: ContiguousArray<Int64> = []
  private(set) var effects: ContiguousArray<UInt8> = []
  private(set) var requirements: ContiguousArray<Int32> = []
  private(set) var lengths: ContiguousArray<Int32> = []
  /// Each list of distributions that occurs, by its number in `requirements`.
  private(set) var requirementLists: [String] = [""]
  private var requirementNumbers: [String: Int32] = ["": 0]
  /// Slots by action: for the numbers that SQLite gives, one after the other, an array.
  private var slots: ContiguousArray<Int32> = []
  private var distantSlots: [Int64: Int32] = [:]
  private var freeSlots: [UInt32] = []
  private(set) var liveCount = 0
  private(set) var totalLength = 0
  /// Entries that have no vector yet.
  private(set) var pendingCount = 0

  var slotCount: Int { actions.count }

  /// The bytes that it holds.
  var byteCount: Int { slotCount * (8 + 8 + 1 + 4 + 4) + slots.count * 4 }

  /// The slot that an action has or is to get.
  func target(of action: Int64) -> UInt32 {
    slot(of: action) ?? freeSlots.last ?? UInt32(slotCount)
  }

  /// Enters or replaces an entry, in the slot that `target` names.
  mutating func set(
    _ action: Int64, effects mask: UInt8, requirements list: String, length: Int32, embedding: Int64
  ) {
    let old = slot(of: action)
    let slot = old ?? freeSlots.popLast() ?? UInt32(slotCount)
    let place = Int(slot)
    let number = list.isEmpty ? 0 : self.number(of: list)
    if old != nil { forget(place) }
    if place == slotCount {
      actions.append(action)
      embeddings.append(embedding)
      effects.append(mask)
      requirements.append(number)
      lengths.append(length)
    } else {
      actions[place] = action
      embeddings[place] = embedding
      effects[place] = mask
      requirements[place] = number
      lengths[place] = length
    }
    if old == nil { setSlot(Int32(slot), of: action) }
    liveCount += 1
    totalLength += Int(length)
    if embedding == 0 { pendingCount += 1 }
  }

  /// Takes an entry out; returns the slot that it had.
  mutating func remove(_ action: Int64) -> UInt32? {
    guard let slot = slot(of: action) else { return nil }
    forget(Int(slot))
    actions[Int(slot)] = -1
    setSlot(-1, of: action)
    freeSlots.append(slot)
    return slot
  }

  func slot(of action: Int64) -> UInt32? {
    if action >= 0, action < slots.count {
      let slot = slots[Int(action)]
      return slot < 0 ? nil : UInt32(slot)
    }
    return distantSlots.isEmpty ? nil : distantSlots[action].map { UInt32($0) }
  }

  private mutating func forget(_ place: Int) {
    liveCount -= 1
    totalLength -= Int(lengths[place])
    if embeddings[place] == 0 { pendingCount -= 1 }
  }

  private mutating func number(of list: String) -> Int32 {
    if let known = requirementNumbers[list] { return known }
    let number = Int32(requirementLists.count)
    requirementLists.append(list)
    requirementNumbers[list] = number
    return number
  }

  private mutating func setSlot(_ slot: Int32, of action: Int64) {
    // A row number far beyond the number of rows would make the array too long.
    if action >= 0, action < slots.count || action < 4 * slotCount + 65_536 {
      while slots.count <= action {
        slots.append(
          distantSlots.isEmpty ? -1 : distantSlots.removeValue(forKey: Int64(slots.count)) ?? -1)
      }
      slots[Int(action)] = slot
    } else {
      distantSlots[action] = slot < 0 ? nil : slot
    }
  }
}
