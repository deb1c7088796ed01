/// What happens while a reply is on its way.
public enum ChatEvent: Sendable {
  /// The next piece of the reply's text.
  case text(String)

  /// The next piece of the model's own reasoning, where a service shows it.
  case reasoning(String)

  /// The attempt failed and another one starts after `delay`: all pieces so far are void. The delay
  /// is zero when the request is sent again at once without something that the service refuses.
  case restarted(because: ModelError, delay: Duration)
}

/// Receives the events of one reply, in order.
public typealias ChatEventHandler = @Sendable (ChatEvent) -> Void
