"""A server of the Model Context Protocol, made with its reference SDK: `stdio` or `http`."""

import os
import socket
import sys
from typing import Literal

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("test")


@server.tool()
def add_numbers(a: int, b: int = 1) -> int:
    """Add two whole numbers."""
    return a + b


@server.tool()
def forecast(city: str, days: list[int], unit: Literal["c", "f"] = "c") -> dict[str, float]:
    """Tell the temperatures of some days."""
    return {f"{city} {day}": 20.5 + day if unit == "c" else 70.0 for day in days}


@server.tool()
def greet(name: str) -> str:
    """Greet somebody."""
    return f"Grüß Gott, {name}!"


@server.tool()
def fail_always(reason: str) -> str:
    """Fail."""
    raise ToolError(f"cannot do it: {reason}")


@server.tool()
async def wait_forever() -> str:
    """Never answer."""
    await anyio.sleep_forever()
    return ""


@server.tool()
def end_process() -> str:
    """End the server."""
    print("goodbye from the server", file=sys.stderr, flush=True)
    os._exit(7)


def with_odd_names() -> MCPServer:
    """A server whose tools are named like what code has already."""
    odd = MCPServer("odd")
    odd.tool("print")(lambda text: f"printed {text}")
    odd.tool("visit_page")(lambda url: "visited")
    odd.tool("greet-2")(lambda: "hello")
    odd.tool("class")(lambda name: f"class {name}")
    return odd


if sys.argv[1] == "stdio":
    (with_odd_names() if sys.argv[2:] == ["names"] else server).run("stdio")
else:
    import uvicorn

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[2])))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(server.streamable_http_app(), log_level="error")
    uvicorn.Server(config).run(sockets=[listener])
