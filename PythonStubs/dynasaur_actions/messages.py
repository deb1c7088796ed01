"""Letters of electronic mail (.eml)."""

import email
import email.policy

from dynasaur_actions.files import check_file
from dynasaur_actions.page_text import markdown_of


def message_text(path: str) -> str:
    """The message as text: who, when, what about, the text, and the names of what is attached."""
    with open(check_file(path), "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    lines = [f"{name}: {message[name]}" for name in ("From", "To", "Cc", "Date", "Subject") if message[name]]
    body = message.get_body(("plain", "html"))
    if body is not None:
        payload = body.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        encoding = body.get_content_charset()
        if body.get_content_subtype() == "html":
            text = markdown_of(data, encoding=encoding)
        else:
            text = _decoded(data, encoding)
        lines += ["", text.strip()]
    attached = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    if attached:
        lines += ["", f"Attached: {', '.join(attached)} (email.message_from_binary_file reads them)"]
    return "\n".join(lines)


def _decoded(data: bytes, encoding: str | None) -> str:
    from dynasaur_actions.files import decode

    try:
        return decode(data, encoding)[0]
    except (LookupError, UnicodeDecodeError):
        return decode(data)[0]
