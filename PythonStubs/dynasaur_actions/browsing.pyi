"""Reading the web, as one page after the other of one browser for each session."""

def visit_page(url: str, javascript: bool = False) -> str:
    """Open a web page or a file on the web and read its first page of text.

    Pages become Markdown with whole addresses of links; PDF and Office files become text. The text
    begins after a line `---`; before it stand address, title, and which page of how many it is.
    `javascript` has a browser of the host make the page, where one is set up. Sites that ask programs
    to stay away (robots.txt) are not read, and no private addresses are.

    Effects: reads the web.

    Example:
        >>> print(visit_page("https://example.org/"))
        Address: https://example.org/
        Title: Example Domain
        Page 1 of 1
        ---
        # Example Domain
    """

def page_down() -> str:
    """Read the next page of text of the web page that is open.

    Effects: none.

    Example:
        >>> page_down()
        'Address: https://example.org/ ...'
    """

def page_up() -> str:
    """Read the previous page of text of the web page that is open.

    Effects: none.

    Example:
        >>> page_up()
        'Address: https://example.org/ ...'
    """

def find_on_page(text: str) -> str:
    """Find a text on the web page that is open, from its top, and read the page of text with it.

    Upper and lower case, line breaks and spaces do not matter. The line `Found 1 of 3: …` shows it
    with what is around it.

    Effects: none.

    Example:
        >>> find_on_page("opening hours")
        'Address: https://example.org/ ...'
    """

def find_next() -> str:
    """Find the text that find_on_page looked for again, further down.

    Effects: none.

    Example:
        >>> find_next()
        'Address: https://example.org/ ...'
    """

def page_links(containing: str = "") -> list[dict[str, str]]:
    """List the links of the web page that is open: their text and address.

    `containing` keeps those whose text or address contains it.

    Effects: none.

    Example:
        >>> page_links("annual report")
        [{'text': 'Annual report 2023', 'address': 'https://example.org/report.pdf'}]
    """

def find_archived_url(url: str, date: str) -> str:
    """Find the copy of a web page in the Internet Archive that is nearest to a date; its address.

    `date` is a day such as '2021-06-30', or a month or year. Visit the address that is returned.

    Effects: reads the web.

    Example:
        >>> find_archived_url("https://example.org/", "2019-03")
        'http://web.archive.org/web/20190302000000/https://example.org/'
    """

def download_file(url: str, path: str | None = None) -> str:
    """Save a file from the web; the path where it was saved.

    Without `path` it gets the name that the server says, with a number where a file of that name is.

    Effects: reads the web, writes the file.

    Example:
        >>> download_file("https://example.org/data.xlsx")
        'data.xlsx'
    """
