"""What the plain data codec asks Python: objects that C has no direct check for."""

import decimal
import enum
import math
import struct
import sys
import uuid

from dynasaur_runtime.exceptions import qualified_name

_DECIMAL = 19  # The tags of ValueCodec.h.
_UUID = 20
_VALUE = -1  # The payload is encoded in the object's place.

_LONGEST_REPR = 1000


def shorten(text: str, limit: int) -> str:
    """The text, cut in the middle when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return f"{text[:head]} … {len(text) - limit} characters left out … {text[-tail:]}"


def describe(value: object) -> tuple[str, str]:
    """(type name, shortened repr)."""
    name = qualified_name(type(value))
    try:
        text = repr(value)
        if not isinstance(text, str):
            raise TypeError
    except Exception as error:
        text = f"<{name} whose repr raised {type(error).__name__}>"
    return name, shorten(text, _LONGEST_REPR)


def convert(value: object) -> tuple[int, object] | None:
    """(tag, payload), or None for an object that is not plain data."""
    if isinstance(value, decimal.Decimal):
        return _DECIMAL, str(value).encode("ascii")
    if isinstance(value, uuid.UUID):
        return _UUID, value.bytes
    if isinstance(value, enum.Enum):
        return _VALUE, value.value
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        item = value.item()
        if type(item) is not type(value):
            return _VALUE, item
    return None


# numpy's complex and long double numbers, which `struct` does not know.
_NUMPY_SIZES = {"Zf": 8, "Zd": 16, "Zg": 32, "g": 16}


def format_size(format: str) -> int:
    """Bytes of one item of a buffer format."""
    try:
        return struct.calcsize(format)
    except struct.error:
        if format in _NUMPY_SIZES:
            return _NUMPY_SIZES[format]
        if format.endswith("w") and format[:-1].isdecimal():  # numpy's strings, 4 bytes a character
            return 4 * int(format[:-1])
        raise ValueError(f"unknown array format {format!r}") from None


def make_array(format: str, shape: tuple[int, ...], data: memoryview) -> object:
    """A numpy array where numpy is loaded or can be; else an array.array, a memoryview otherwise.

    `data` ends with the call: it is copied.
    """
    try:
        import numpy
    except ImportError:
        return _make_without_numpy(format, shape, data)
    types = {"Zf": "c8", "Zd": "c16", "Zg": "c32", "g": "g", "w": "U1", "c": "S1"}
    if format[:-1].isdecimal() and format[-1] in "ws":
        kind = ("U" if format[-1] == "w" else "S") + format[:-1]
    else:
        kind = types.get(format) or _portable(format)
    return numpy.frombuffer(bytearray(data), dtype=kind).reshape(shape)


def _portable(format: str) -> str:
    order = format[0] if format[0] in "<>=@!" else ""
    code = format.lstrip("<>=@!")
    sizes = {"n": struct.calcsize("n"), "l": struct.calcsize("@l" if order in ("", "@") else "<l")}
    if code in sizes:
        code = f"i{sizes[code]}"
    elif code.lower() in sizes:
        code = f"u{sizes[code.lower()]}"
    if order == "@":
        order = "="
    return ("<" if sys.byteorder == "little" and order in ("", "=") else order) + code


def _make_without_numpy(format: str, shape: tuple[int, ...], data: bytes) -> object:
    import array

    if len(shape) == 1 and format in array.typecodes:
        made = array.array(format)
        made.frombytes(data)
        return made
    view = memoryview(bytearray(data))
    if math.prod(shape) == 0:
        return view
    return view.cast(format, shape) if format != "B" or len(shape) > 1 else view


def make_decimal(text: str) -> decimal.Decimal:
    return decimal.Decimal(text)


def make_uuid(data: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=data)




def wrap_memory(view: memoryview) -> object:
    """Memory of Swift as a numpy array, or as it is where numpy is missing. Nothing is copied."""
    try:
        import numpy
    except ImportError:
        return view
    return numpy.asarray(view)
