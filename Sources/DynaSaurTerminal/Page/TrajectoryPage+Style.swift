extension TrajectoryPage {
  /// Colours for a light and a dark screen; wide code scrolls by itself.
  static let style = """
    :root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d9dee3;--page:#fff;--card:#f6f8fa;\
    --bad:#b3261e;--good:#1a7f37;--keyword:#8250df;--string:#0a6640;--number:#0550ae;--name:#953800}
    @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--line:#343b43;--page:#0d1117;\
    --card:#161b22;--bad:#ff8a80;--good:#56d364;--keyword:#d2a8ff;--string:#a5d6a7;--number:#79c0ff;\
    --name:#ffa657}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
    main{max-width:900px;margin:0 auto;padding:24px 20px 64px}
    .kind{color:var(--soft);font-size:13px;margin:0}
    h1{font-size:22px;line-height:1.35;margin:2px 0 16px;white-space:pre-wrap;overflow-wrap:anywhere}
    h2{font-size:16px;margin:0 0 8px;overflow-wrap:anywhere}h2 a{color:inherit;text-decoration:none}
    h2 a:hover{text-decoration:underline}
    dl{display:flex;flex-wrap:wrap;gap:8px 28px;margin:0 0 20px}dt{color:var(--soft);font-size:13px}
    dd{margin:0;overflow-wrap:anywhere}
    .step,.turn{border-top:1px solid var(--line);padding:20px 0 4px}
    .turn h2{font-size:19px;white-space:pre-wrap}
    .end{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--good);\
    border-radius:8px;padding:14px 18px;margin:0 0 24px}
    .end.failed{border-left-color:var(--bad)}.end p{margin:4px 0}
    .answer{font:inherit;font-size:18px;background:none;border:0;padding:0;margin:0 0 6px;white-space:pre-wrap}
    .thought{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 10px}
    pre{font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--card);\
    border:1px solid var(--line);border-radius:8px;padding:12px 14px;margin:0 0 10px;white-space:pre-wrap;\
    overflow-wrap:anywhere}
    code{font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
    .code{white-space:pre;overflow-x:auto;overflow-wrap:normal}.code code{overflow-wrap:normal}
    .observation{background:none;color:var(--soft);border-left-width:4px}
    .observation.failed{color:var(--bad);border-left-color:var(--bad)}
    .note{color:var(--soft);font-size:14px;margin:0 0 8px;overflow-wrap:anywhere}.note.failed{color:var(--bad)}
    .keyword{color:var(--keyword)}.string{color:var(--string)}.number{color:var(--number)}
    .name{color:var(--name)}.faint{color:var(--soft);font-style:italic}
    figure{margin:0 0 10px}img{max-width:100%;background:#fff;border:1px solid var(--line);border-radius:8px}
    figcaption{color:var(--soft);font-size:13px}
    details{margin:0 0 10px}summary{cursor:pointer;color:var(--soft);font-size:14px;margin-bottom:6px}
    ul{margin:0;padding-left:20px;font-size:14px}li{overflow-wrap:anywhere;margin-bottom:4px}
    .wide{overflow-x:auto}table{border-collapse:collapse;font-size:14px;width:100%}
    th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap;\
    font-variant-numeric:tabular-nums}
    th{color:var(--soft);font-weight:600}
    th:nth-child(2),td:nth-child(2),th:nth-child(3),td:nth-child(3){text-align:left}
    @media(max-width:560px){main{padding:16px 12px 48px}dl{gap:8px 18px}}
    @media print{main{max-width:none}details{display:none}}
    """
}
