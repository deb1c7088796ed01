import DynaSaur

/// A plot of lines as an inline SVG. Colours come from the page, so that it fits light and dark.
struct Plot {
  /// A line, or a row of points.
  struct Series {
    var name: String
    var points: [(x: Double, y: Double)]
  }

  var title: String
  var xLabel: String
  var yLabel: String
  var series: [Series]
  /// Whether y is a share from 0 to 1.
  var isShare = false

  private static let (width, height) = (560.0, 280.0)
  private static let (left, right, top, bottom) = (52.0, 16.0, 14.0, 44.0)

  /// The figure; empty without points.
  var html: String {
    let points = series.flatMap(\.points)
    guard let maximumX = points.map(\.x).max(), let highest = points.map(\.y).max() else {
      return ""
    }
    let minimumX = min(0, points.map(\.x).min() ?? 0)
    let xs = Self.ticks(minimumX, max(maximumX, minimumX + 1), whole: true)
    let ys = isShare ? [0, 0.25, 0.5, 0.75, 1] : Self.ticks(0, max(highest, 0.1), whole: false)
    let (endX, endY) = (max(xs.last ?? 1, maximumX), max(ys.last ?? 1, highest))
    func x(_ value: Double) -> Double {
      Self.left + (value - minimumX) / (endX - minimumX) * (Self.width - Self.left - Self.right)
    }
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom - value / endY * (Self.height - Self.top - Self.bottom)
    }
    var svg = ""
    for tick in ys {
      svg += #"<line class="grid" x1="\#(n(Self.left))" x2="\#(n(Self.width - Self.right))" "#
      svg += #"y1="\#(n(y(tick)))" y2="\#(n(y(tick)))"/>"#
      let label = isShare ? "\(Int(tick * 100)) %" : Self.label(tick)
      svg += #"<text class="tick" text-anchor="end" x="\#(n(Self.left - 8))" "#
      svg += #"y="\#(n(y(tick) + 4))">\#(label)</text>"#
    }
    for tick in xs {
      svg += #"<text class="tick" text-anchor="middle" x="\#(n(x(tick)))" "#
      svg += #"y="\#(n(Self.height - Self.bottom + 18))">\#(Self.label(tick))</text>"#
    }
    svg += #"<text class="tick" text-anchor="middle" x="\#(n((Self.left + Self.width) / 2))" "#
    svg += #"y="\#(n(Self.height - 8))">\#(HTMLText.escaped(xLabel))</text>"#
    for (index, line) in series.enumerated() where !line.points.isEmpty {
      let path = line.points.map { "\(n(x($0.x))),\(n(y($0.y)))" }.joined(separator: " ")
      svg += #"<polyline class="line s\#(index % 6)" points="\#(path)"/>"#
      for point in line.points {
        svg +=
          #"<circle class="dot s\#(index % 6)" cx="\#(n(x(point.x)))" cy="\#(n(y(point.y)))" r="3">"#
        let value = isShare ? HTML.percent(point.y) : Self.label(point.y)
        svg +=
          "<title>\(HTMLText.escaped(line.name)): \(value) at \(Self.label(point.x))</title></circle>"
      }
    }
    let legend =
      series.count < 2
      ? ""
      : series.enumerated().map {
        #"<span class="key s\#($0 % 6)">\#(HTMLText.escaped($1.name))</span>"#
      }.joined()
    return """
      <figure><figcaption>\(HTMLText.escaped(title))\
      <small>\(HTMLText.escaped(yLabel))</small></figcaption>\
      <div class="legend">\(legend)</div>\
      <svg viewBox="0 0 \(n(Self.width)) \(n(Self.height))" role="img" \
      aria-label="\(HTMLText.escaped(title))">\(svg)</svg></figure>
      """
  }

  private func n(_ value: Double) -> String { HTML.plain(value, digits: 1) }

  private static func label(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : HTML.plain(value, digits: 2)
  }

  /// Four to six round numbers that span a range.
  private static func ticks(_ low: Double, _ high: Double, whole: Bool) -> [Double] {
    let steps: [Double] = [
      0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000,
      10000,
      50000, 100000,
    ]
    let step = steps.first { (!whole || $0 >= 1) && (high - low) / $0 <= 5 } ?? (high - low) / 5
    return Array(stride(from: low, through: high + step * 0.999, by: step))
  }
}
