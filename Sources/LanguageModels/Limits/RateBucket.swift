/// A store that fills at a steady rate up to its capacity, and from which requests take.
///
/// Taking more than is there is a debt: it says how long to wait, and whoever comes later waits
/// longer, so that requests are served in their order.
struct RateBucket: Sendable {
  private(set) var capacity: Double
  private(set) var perSecond: Double
  private var level: Double
  private var time: ContinuousClock.Instant

  /// A full store that lets at most `limit` through in any minute.
  ///
  /// A tenth of the limit can be taken at once; the rest comes evenly. What fits into the store and
  /// what flows in during a minute are together the limit.
  init(perMinute limit: Int, at time: ContinuousClock.Instant) {
    let limit = Double(max(1, limit))
    capacity = limit < 10 ? 1 : limit / 10
    perSecond = (limit < 10 ? limit : limit - capacity) / 60
    level = capacity
    self.time = time
  }

  /// A store as a service describes it.
  ///
  /// - Parameters:
  ///   - refill: How long it takes until `remaining` has become `capacity`.
  init(
    capacity: Double, remaining: Double, refill: Duration, at time: ContinuousClock.Instant
  ) {
    self.capacity = max(1, capacity)
    level = min(remaining, self.capacity)
    perSecond = max((self.capacity - level) / max(refill / .seconds(1), 0.001), 1e-6)
    self.time = time
  }

  /// Takes `amount`, and says how long to wait until it may be used.
  ///
  /// More than the store can ever hold may go once it is full; the rest is a debt of those after it.
  mutating func take(_ amount: Double, at now: ContinuousClock.Instant) -> Duration {
    fill(until: now)
    let missing = min(amount, capacity) - level
    level -= amount
    return missing > 0 ? .seconds(missing / perSecond) : .zero
  }

  /// Gives back what was taken and not used; a negative amount takes what was used beyond it.
  mutating func giveBack(_ amount: Double, at now: ContinuousClock.Instant) {
    fill(until: now)
    level = min(capacity, level + amount)
  }

  private mutating func fill(until now: ContinuousClock.Instant) {
    guard now > time else { return }
    level = min(capacity, level + perSecond * (time.duration(to: now) / .seconds(1)))
    time = now
  }
}
