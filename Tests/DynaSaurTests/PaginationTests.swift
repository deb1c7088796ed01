import Foundation
import LanguageModels
import LoopbackServers
import PythonRuntime
import Testing

@testable import DynaSaur

/// Long pages are read page by page: nothing is lost, and nothing comes twice.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DYNASAUR_VENV"] != nil))
struct PaginationTests {
  /// Page after page the whole text comes, once.
  @Test(arguments: ["/long", "/oneline"])
  func turningPagesNeitherLosesNorRepeatsText(path: String) async throws {
    try await withBrowsingSession(BrowsingTests.site) { _, session in
      let result = try await session.execute(
        """
        pages = [visit_page(site + '\(path)')]
        while True:
            try:
                pages.append(page_down())
            except IndexError:
                break
        bodies = [page.split('\\n---\\n', 1)[1] for page in pages]
        back = [page_up() for _ in bodies[1:]]
        same = [page.split('\\n---\\n', 1)[1] for page in back] == bodies[-2::-1]
        (''.join(bodies), len(bodies), same)
        """, deadline: .seconds(60))
      guard case .tuple(let parts)? = result.value, case .string(let whole) = parts[0] else {
        Issue.record("\(String(describing: result.exception))")
        return
      }
      #expect(parts[2] == .bool(true))
      if path == "/long" {
        let expected = BrowsingTests.paragraphs.joined(separator: "\n\n")
        #expect(whole == expected)
      } else {
        #expect(whole.split(separator: " ").count == 9_000)
      }
    }
  }

  /// Of pages of all kinds: each word comes once and in order, forwards and backwards, and is found where
  /// it stands.
  @Test(arguments: BrowsedSite.kinds)
  func pagesOfAllKindsAreTurnedWholly(path: String, letter: String) async throws {
    try await withBrowsingSession(BrowsedSite.answer) { _, session in
      let result = try await session.execute(
        """
        import re
        def body(page):
            return page.split('\\n---\\n', 1)[1]
        pages = [body(visit_page(site + '\(path)'))]
        while True:
            try:
                pages.append(body(page_down()))
            except IndexError:
                break
        back = [body(page_up()) for _ in pages[1:]]
        middle = body(find_on_page('\(letter)1250'))
        again = visit_page(site + '\(path)')
        (re.findall(r'\(letter)\\d+', ''.join(pages)), len(pages), back == pages[-2::-1],
         middle in pages and '\(letter)1250' in middle, body(again) == pages[0],
         max(map(len, pages)) <= 6000)
        """, deadline: .seconds(100))
      guard case .tuple(let parts)? = result.value else {
        Issue.record("\(path): \(result.exception?.message ?? "no value")")
        return
      }
      let words = BrowsedSite.words(of: letter)
      #expect(parts[0] == .list(words.map(PythonValue.string)), "\(path)")
      if case .int(let count) = parts[1] { #expect(count > 2, "\(path)") }
      #expect(parts[2...].allSatisfy { $0 == .bool(true) }, "\(path): \(parts[1...])")
    }
  }

  /// As one looks something up: the search page of the site, its hits, then a hit.
  @Test func theSearchPageOfASiteLeadsToItsPages() async throws {
    try await withBrowsingSession(BrowsedSite.answer) { server, session in
      let page = try await textGiven(by: "visit_page(site + '/search?q=ta')", in: session)
      #expect(page.contains("Title: Results for ta") && page.contains("About /table"))
      let hits = try await textGiven(
        by: "[l['address'] for l in page_links('from=search')]", in: session)
      #expect(
        hits == "['\(server.address)/table?from=search', '\(server.address)/data.json?from=search']"
      )
      let read = try await session.execute(
        """
        [(visit_page(l['address']).splitlines()[0], find_on_page('2500').splitlines()[-1])
         for l in page_links('from=search')]
        """, deadline: .seconds(60))
      #expect(read.display?.contains("ta2500") == true, "\(read)")
      #expect(read.display?.contains("da2500") == true, "\(read)")
      let next = try await textGiven(by: "page_links()", in: session)
      #expect(next == "[]", "a file of data has no links")
    }
  }

  /// The page that is open, and the place on it, outlive the worker process.
  @Test func thePageStaysOpenWhenTheProcessIsReplaced() async throws {
    try await withBrowsingSession(BrowsingTests.site) { _, session in
      _ = try await textGiven(by: "visit_page(site + '/long')", in: session)
      let second = try await textGiven(by: "page_down()", in: session)
      _ = try await textGiven(by: "find_on_page('Paragraph 1')", in: session)
      let killed = try await session.execute("import os; os._exit(3)")
      #expect(killed.exception != nil)
      #expect(killed.exception?.message.contains("browser") != true, "nothing of it is lost")
      let found = try await textGiven(by: "find_next()", in: session)
      #expect(found.contains("Found 2 of"), "\(found)")
      let again = try await textGiven(by: "page_down()", in: session)
      #expect(again == second)
      let links = try await textGiven(by: "[name for name in dir() if 'kept' in name]", in: session)
      #expect(links == "['__kept_browser__']")
      #expect(try await !session.variableNames().contains("__kept_browser__"))
    }
  }

  /// The cut itself, for texts of all kinds.
  @Test func pagesOfAnyTextAreTheText() async throws {
    let session = try await openSession()
    let result = try await session.execute(
      """
      import random
      from dynasaur_actions.browsing import split_pages
      generator = random.Random(7)
      failures = []
      for number in range(2000):
          letters = generator.choice(['ab \\n', 'x', ' ', '\\n', 'äß𝄞 \\n'])
          text = ''.join(generator.choices(letters, k=generator.randrange(400)))
          length = generator.randrange(1, 60)
          pages = split_pages(text, length)
          if ''.join(pages) != text or any(len(page) > length for page in pages) or '' in pages[1:]:
              failures.append((text, length))
      failures[:3]
      """)
    #expect(result.value == .list([]), "\(String(describing: result.exception))")
    await session.close()
  }
}
