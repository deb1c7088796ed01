"""Arrays and data frames as plain data. Neither numpy nor pandas is imported unless in use."""

import base64
import sys
from collections.abc import Callable
from typing import Any

KINDS = frozenset({"array", "scalar", "series", "frame", "index", "timestamp", "missing"})

Encode = Callable[[Any], Any]
Spend = Callable[[int], None]


def encode(value: Any, encode_part: Encode, spend: Spend) -> Any | None:
    """The encoded form of a numpy or pandas value; None if it is neither."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return _encode_array(numpy, value, encode_part, spend)
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    if value is pandas.NaT or value is pandas.NA:
        return {"missing": "NaT" if value is pandas.NaT else "NA"}
    if isinstance(value, pandas.Timestamp):
        return {"timestamp": value.isoformat()}
    if isinstance(value, pandas.DataFrame):
        spend(value.size)
        columns = [_column(value.iloc[:, i], encode_part) for i in range(value.shape[1])]
        labels, index = encode_part(list(value.columns)), _column(value.index, encode_part)
        return {"frame": {"columns": labels, "index": index, "data": columns}}
    if isinstance(value, pandas.Series):
        spend(value.size)
        index = _column(value.index, encode_part)
        name = encode_part(value.name)
        return {"series": {"name": name, "index": index, "data": _column(value, encode_part)}}
    if isinstance(value, pandas.Index):
        return {"index": {"name": encode_part(value.name), "data": _column(value, encode_part)}}
    return None


def decode(kind: str, content: Any, decode_part: Callable[[Any], Any]) -> Any:
    """The value of what `encode` made."""
    if kind in ("array", "scalar"):
        return _decode_array(kind, content, decode_part)
    import pandas

    if kind == "missing":
        return pandas.NaT if content == "NaT" else pandas.NA
    if kind == "timestamp":
        return pandas.Timestamp(content)
    if kind == "index":
        return pandas.Index(
            _values(content["data"], decode_part), name=decode_part(content["name"])
        )
    index = pandas.Index(_values(content["index"], decode_part))
    if kind == "series":
        data = _values(content["data"], decode_part)
        return pandas.Series(data, index=index, name=decode_part(content["name"]))
    columns = [_values(column, decode_part) for column in content["data"]]
    frame = pandas.DataFrame(dict(enumerate(columns)), index=index)
    frame.columns = pandas.Index(decode_part(content["columns"]))
    return frame


def _encode_array(numpy: Any, value: Any, encode_part: Encode, spend: Spend) -> Any | None:
    array = numpy.asarray(value)
    kind = "scalar" if isinstance(value, numpy.generic) else "array"
    if array.dtype.hasobject:
        spend(array.size)
        items = encode_part(array.ravel().tolist())
        return {kind: {"dtype": "object", "shape": list(array.shape), "items": items}}
    if array.dtype.names:
        return None
    spend(array.nbytes * 4 // 3)
    data = base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode("ascii")
    return {kind: {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}}


def _decode_array(kind: str, content: Any, decode_part: Callable[[Any], Any]) -> Any:
    import numpy

    if content["dtype"] == "object":
        array = numpy.empty(content["shape"], dtype=object)
        array.ravel()[:] = decode_part(content["items"])
    else:
        data = base64.b64decode(content["data"])
        array = numpy.frombuffer(data, dtype=content["dtype"]).reshape(content["shape"]).copy()
    return array[()] if kind == "scalar" else array


def _column(values: Any, encode_part: Encode) -> Any:
    return {"dtype": str(values.dtype), "items": encode_part(values.tolist())}


def _values(column: Any, decode_part: Callable[[Any], Any]) -> Any:
    import pandas

    return pandas.array(decode_part(column["items"]), dtype=column["dtype"])
