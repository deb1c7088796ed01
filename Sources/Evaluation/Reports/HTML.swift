import Foundation

/// Pieces of a report's page.
enum HTML {
  /// A number that a test can find: `path` is where the JSON has it.
  static func number(_ value: Double?, _ path: String, _ text: (Double) -> String) -> String {
    guard let value else { return #"<span class="none">–</span>"# }
    return #"<data value="\#(value)" data-path="\#(path)">\#(text(value))</data>"#
  }

  static func count(_ value: Int, _ path: String) -> String {
    number(Double(value), path) { grouped(Int($0)) }
  }

  static func share(_ value: Double?, _ path: String) -> String { number(value, path, percent) }

  static func percent(_ value: Double) -> String { plain(value * 100, digits: 1) + " %" }

  static func dollars(_ value: Double) -> String { "$" + plain(value, digits: value < 1 ? 4 : 2) }

  /// A number with so many decimals, as any locale of the machine would not change it.
  static func plain(_ value: Double, digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// With thin spaces between thousands.
  static func grouped(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: "\u{202F}")
  }

  /// A table that scrolls by itself where the screen is narrow. Cells are HTML.
  static func table(_ head: [String], _ rows: [[String]], numeric: Bool = true) -> String {
    guard !rows.isEmpty else { return "" }
    let header = head.map { "<th scope=\"col\">\($0)</th>" }.joined()
    let body = rows.map { row in
      "<tr>"
        + row.enumerated().map { index, cell in
          index == 0 ? "<th scope=\"row\">\(cell)</th>" : "<td>\(cell)</td>"
        }.joined() + "</tr>"
    }.joined()
    return """
      <div class="table"><table\(numeric ? " class=\"numbers\"" : "")><thead><tr>\(header)</tr></thead>\
      <tbody>\(body)</tbody></table></div>
      """
  }

  static let style = """
    :root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d9dee3;--page:#fff;--card:#f6f8fa;\
    --s0:#1f6feb;--s1:#bc4c00;--s2:#1a7f37;--s3:#8250df;--s4:#bf3989;--s5:#0b7c8a}
    @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--line:#343b43;--page:#0d1117;\
    --card:#161b22;--s0:#58a6ff;--s1:#f0883e;--s2:#56d364;--s3:#bc8cff;--s4:#f778ba;--s5:#39c5cf}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
    main{max-width:1080px;margin:0 auto;padding:24px 20px 64px}
    h1{font-size:26px;margin:8px 0 4px}h2{font-size:20px;margin:40px 0 8px}h3{font-size:16px;margin:24px 0 6px}
    p{max-width:70ch;color:var(--soft);margin:4px 0 12px}
    .table{overflow-x:auto}.table+.table{margin-top:24px}table{border-collapse:collapse;width:100%;font-size:14px}
    th,td{padding:7px 12px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
    thead th{color:var(--soft);font-weight:600;white-space:nowrap}tbody th{font-weight:500;min-width:9em}
    .numbers td,.numbers thead th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
    .none,small{color:var(--soft)}a{color:var(--s0)}
    .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:20px;margin-top:12px}
    figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px}
    figcaption{font-weight:600;font-size:14px}figcaption small{display:block;font-weight:400}
    svg{width:100%;height:auto;display:block}
    .grid{stroke:var(--line);stroke-width:1}.tick{fill:var(--soft);font-size:12px}
    .line{fill:none;stroke-width:2;stroke-linejoin:round}
    .line.s0{stroke:var(--s0)}.line.s1{stroke:var(--s1)}.line.s2{stroke:var(--s2)}
    .line.s3{stroke:var(--s3)}.line.s4{stroke:var(--s4)}.line.s5{stroke:var(--s5)}
    .dot.s0{fill:var(--s0)}.dot.s1{fill:var(--s1)}.dot.s2{fill:var(--s2)}
    .dot.s3{fill:var(--s3)}.dot.s4{fill:var(--s4)}.dot.s5{fill:var(--s5)}
    .legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;margin:4px 0}
    .key{color:var(--ink)}.key::before{content:"";display:inline-block;width:10px;height:10px;\
    border-radius:5px;margin-right:6px}
    .key.s0::before{background:var(--s0)}.key.s1::before{background:var(--s1)}.key.s2::before{background:var(--s2)}
    .key.s3::before{background:var(--s3)}.key.s4::before{background:var(--s4)}.key.s5::before{background:var(--s5)}
    .bar{display:block;position:relative;height:8px;min-width:120px;background:var(--line);border-radius:4px;margin-top:6px}
    .bar i{position:absolute;top:0;bottom:0;background:var(--s0);opacity:.35;border-radius:4px}
    .bar b{position:absolute;top:-2px;bottom:-2px;width:3px;background:var(--s0)}
    details{margin:6px 0}summary{cursor:pointer}
    td.reason,.reason{white-space:normal;overflow-wrap:anywhere}
    """
}
