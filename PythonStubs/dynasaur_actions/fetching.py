"""Getting things from the web: politely, with limits, through the session's proxy alone.

The proxy decides which addresses may be reached, for each redirect anew; it looks a name up once and
connects to what it checked.
"""

import os
import re
import time
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

from dynasaur_actions import host
from dynasaur_actions.packages import require
from dynasaur_actions.web_record import WebError, kept

AGENT = "dynasaur"
LARGEST_PAGE = 20 << 20
LARGEST_DOWNLOAD = 500 << 20
MOST_REDIRECTS = 10
# Of a robots.txt: what RFC 9309 asks to be read at least.
MOST_ROBOTS = 512 << 10
# Seconds: to connect, between two pieces, and for all of a page.
CONNECT, PIECE, TOTAL = 10, 20, 60
LONGEST_DELAY = 5.0


class Fetched(NamedTuple):
    """What came for an address."""

    address: str
    media_type: str
    encoding: str | None
    name: str
    body: bytes


class Fetcher:
    """One session's way to the web: its cookies, and what it knows of each site's wishes."""

    def __init__(self) -> None:
        self._client: Any = None
        self._robots: dict[str, Any] = {}
        self._last: dict[str, float] = {}

    def fetch(self, address: str, largest: int = LARGEST_PAGE, total: float = TOTAL) -> Fetched:
        """Get what an address names. Raises WebError, PermissionError."""
        address = whole_address(address)
        return Fetched(*kept(f"GET {address}", lambda: self._fetch(address, largest, total)))

    def _fetch(self, address: str, largest: int, total: float) -> Fetched:
        end = time.monotonic() + total
        for _ in range(MOST_REDIRECTS + 1):
            self._ask_robots(address, end)
            response = self._request(address, end)
            with response:
                if response.is_redirect:
                    address = whole_address(urljoin(address, response.headers["location"]))
                    continue
                if response.status_code >= 400:
                    raise WebError(
                        f"{address} answered with status {response.status_code} {response.reason}"
                    )
                body = self._body(response, address, largest, end)
                media_type, encoding = _content_type(response.headers.get("content-type", ""))
                return Fetched(address, media_type, encoding, _name(response, address), body)
        raise WebError(f"{address} redirects more than {MOST_REDIRECTS} times")

    def _request(self, address: str, end: float) -> Any:
        requests = require("requests")
        if self._client is None:
            self._client = requests.Session()
            self._client.trust_env = False
            self._client.headers["User-Agent"] = f"Mozilla/5.0 (compatible; {AGENT}/1.0)"
        left = end - time.monotonic()
        if left <= 0:
            raise WebError(f"{address} took too long: stopped")
        proxy = proxy_address()
        try:
            response = self._client.get(
                address,
                stream=True,
                allow_redirects=False,
                timeout=(min(CONNECT, left), min(PIECE, left)),
                proxies={"http": proxy, "https": proxy},
            )
        except requests.exceptions.ProxyError as error:
            if "403" in str(error):
                raise _refused(address) from None
            raise WebError(f"{address} cannot be reached: {_reason(error)}") from None
        except requests.exceptions.Timeout:
            raise WebError(f"{address} did not answer in time") from None
        except requests.exceptions.RequestException as error:
            raise WebError(f"{address} cannot be reached: {_reason(error)}") from None
        if response.status_code in (403, 502) and response.headers.get("content-type") == "text/plain":
            start = next(response.iter_content(1000), b"")
            if start.startswith(b"DynaSaur: "):
                response.close()
                if response.status_code == 403:
                    raise _refused(address)
                raise WebError(f"{address} cannot be reached: the host does not exist or does not answer")
            response._content = start  # What was read of a page that only looks alike.
        return response

    def _body(self, response: Any, address: str, largest: int, end: float) -> bytes:
        requests = require("requests")
        pieces, size = [], 0
        if isinstance(response._content, bytes):
            return response._content
        try:
            for piece in response.iter_content(64 << 10):
                size += len(piece)
                if size > largest:
                    raise WebError(f"{address} is larger than {largest:,} bytes: stopped")
                if time.monotonic() > end:
                    raise WebError(f"{address} took too long: stopped after {size:,} bytes")
                pieces.append(piece)
        except requests.exceptions.RequestException as error:
            raise WebError(f"{address} broke off after {size:,} bytes: {_reason(error)}") from None
        return b"".join(pieces)

    def _beginning(self, response: Any, most: int) -> bytes:
        """The first bytes of a response, or what came of them."""
        if isinstance(response._content, bytes):
            return response._content[:most]
        data = b""
        try:
            for piece in response.iter_content(64 << 10):
                data += piece
                if len(data) >= most:
                    break
        except require("requests").exceptions.RequestException:
            pass
        return data[:most]

    def _ask_robots(self, address: str, end: float) -> None:
        """Respect what the site says in its robots.txt (RFC 9309)."""
        parts = urlsplit(address)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            self._robots[site] = self._read_robots(site, end)
        rules = self._robots[site]
        if not rules.can_fetch(AGENT, address):
            raise PermissionError(
                f"the site asks programs not to read {address} (robots.txt): use another source"
            )
        delay = min(float(rules.crawl_delay(AGENT) or 0), LONGEST_DELAY)
        wait = self._last.get(site, -LONGEST_DELAY) + delay - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._last[site] = time.monotonic()

    def _read_robots(self, site: str, end: float) -> Any:
        from urllib.robotparser import RobotFileParser

        rules = RobotFileParser()
        address = f"{site}/robots.txt"
        for _ in range(5):
            with self._request(address, min(end, time.monotonic() + 10)) as response:
                if response.is_redirect:
                    address = whole_address(urljoin(address, response.headers["location"]))
                    continue
                if response.status_code >= 500:
                    text = "User-agent: *\nDisallow: /"
                elif response.status_code >= 400:
                    text = ""
                else:
                    text = self._beginning(response, MOST_ROBOTS).decode("utf-8", "replace")
                rules.parse(text.splitlines())
                return rules
        rules.parse([])
        return rules


def whole_address(address: str) -> str:
    """The address with its scheme. Raises ValueError for what is no address of the web."""
    address = address.strip()
    # `example.org:8080` has a port; `file:/path` has a scheme.
    if "://" not in address and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)", address):
        address = "https://" + address.lstrip("/")
    parts = urlsplit(address)
    host_name = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host_name or re.search(r"[\s\\]", host_name):
        raise ValueError(f"{address[:200]!r} is no address of a web page, such as https://example.org/page")
    if parts.username or parts.password:
        raise ValueError("an address with a user name or password is not visited")
    return urlunsplit(parts._replace(fragment=""))


def proxy_address() -> str:
    """The proxy that leads to the web. Raises NotAvailable where the session has no network."""
    given = str(host.call("web_proxy"))
    own = given or os.environ.get("https_proxy", "")
    if not own:
        raise host.NotAvailable(host.reason("web_proxy"))
    return own


def _refused(address: str) -> PermissionError:
    return PermissionError(
        f"{address} may not be reached from here: the session's policy allows public web sites, or the "
        "hosts that it names, and no addresses of private networks or of this machine"
    )


def _reason(error: Exception) -> str:
    """The innermost cause, without the addresses of objects that libraries put around it."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__ or (inner.args and isinstance(inner.args[0], Exception)):
        inner = inner.__cause__ or inner.__context__ or inner.args[0]
    return str(getattr(inner, "reason", None) or inner)[:200]


def _content_type(header: str) -> tuple[str, str | None]:
    media_type, _, rest = header.partition(";")
    encoding = None
    for part in rest.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            encoding = value.strip().strip("\"'") or None
    return media_type.strip().lower(), encoding


def _name(response: Any, address: str) -> str:
    """The name of the file, from the header or the address; nothing that leads elsewhere."""
    from email.message import Message
    from urllib.parse import unquote

    header = Message()
    header["content-disposition"] = response.headers.get("content-disposition", "")
    name = header.get_filename() or unquote(urlsplit(address).path.rpartition("/")[2])
    name = os.path.basename(name.replace("\\", "/")).strip().lstrip(".")
    return "".join(letter for letter in name if letter.isprintable())[:120] or "download"
