import Foundation

/// Python's `random.Random`: the Mersenne Twister (Matsumoto and Nishimura 1998) seeded with an integer,
/// and what is drawn from it, so that the option orders of public seeds come out the same.
struct PythonRandom {
  private static let size = 624
  private var state: [UInt32]
  private var position = PythonRandom.size

  /// `random.Random(seed)`.
  init(seed: UInt32) {
    // init_by_array with the key [seed].
    state = [19_650_218]
    for index in 1..<Self.size {
      let last = state[index - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index))
    }
    func mixed(_ index: Int, _ factor: UInt32) -> UInt32 {
      let last = state[index - 1]
      return state[index] ^ ((last ^ (last >> 30)) &* factor)
    }
    var index = 1
    func advance() {
      index += 1
      if index >= Self.size {
        state[0] = state[Self.size - 1]
        index = 1
      }
    }
    for _ in 0..<Self.size {
      state[index] = mixed(index, 1_664_525) &+ seed
      advance()
    }
    for _ in 1..<Self.size {
      state[index] = mixed(index, 1_566_083_941) &- UInt32(index)
      advance()
    }
    state[0] = 0x8000_0000
  }

  private mutating func next() -> UInt32 {
    if position >= Self.size { refill() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C_5680
    word ^= (word << 15) & 0xEFC6_0000
    return word ^ (word >> 18)
  }

  private mutating func refill() {
    for index in 0..<Self.size {
      let word =
        (state[index] & 0x8000_0000) | (state[(index + 1) % Self.size] & 0x7FFF_FFFF)
      let twisted = (word >> 1) ^ (word & 1 == 1 ? 0x9908_B0DF : 0)
      state[index] = state[(index + 397) % Self.size] ^ twisted
    }
    position = 0
  }

  /// A number from 0 up to, and without, `bound`, which is at least 1.
  mutating func below(_ bound: Int) -> Int {
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let number = Int(next() >> UInt32(32 - bits))
      if number < bound { return number }
    }
  }

  /// `random.shuffle(list)`.
  mutating func shuffle<Element>(_ list: inout [Element]) {
    for index in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(index, below(index + 1))
    }
  }

  /// `random.sample(list, count)`.
  mutating func sample<Element>(_ list: [Element], _ count: Int) -> [Element] {
    precondition(count <= list.count, "A sample is not larger than what it is drawn from.")
    var poolSize = 21
    if count > 5 { poolSize += Int(pow(4, (log(Double(count * 3)) / log(4)).rounded(.up))) }
    guard list.count > poolSize else { return sampleFromPool(list, count) }
    var taken: Set<Int> = []
    return (0..<count).map { _ in
      while true {
        let index = below(list.count)
        if taken.insert(index).inserted { return list[index] }
      }
    }
  }

  private mutating func sampleFromPool<Element>(_ list: [Element], _ count: Int) -> [Element] {
    var pool = list
    return (0..<count).map { round in
      let index = below(list.count - round)
      defer { pool[index] = pool[list.count - round - 1] }
      return pool[index]
    }
  }
}
