"""Drives `sonde mcp`, and `sonde serve` over HTTP, with the official Python client: every tool, in
both kinds of protocol, and a client that cancels, leaves in the middle, and says what nobody can read.

    conformance.py SONDE MODEL_FOLDER
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio
import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

SONDE, MODEL = sys.argv[1], sys.argv[2]
BOUND = 120  # seconds for anything
TOOLS = {
    "search": {"query": "where are expired sessions forgotten"},
    "similar": {"file": "src/session.py"},
    "definition": {"symbol": "Session.forget_expired"},
    "references": {"symbol": "forget_expired"},
    "callers": {"symbol": "forget_expired", "depth": 2},
    "callees": {"symbol": "tick"},
    "outline": {"path": "src"},
    "history": {"query": "expired sessions"},
    "read": {"path": "src/money.py", "start_line": 1},
    "status": {},
    "index": {},
}


def require(holds, what):
    if not holds:
        raise SystemExit(f"conformance: {what}")


def make_project(folder):
    (folder / "src").mkdir(parents=True)
    (folder / "src/session.py").write_text(
        'class Session:\n    def forget_expired(self, clock):\n        """Removes sessions that expired."""\n'
        "        return clock\n\n\ndef tick(session, clock):\n    session.forget_expired(clock)\n"
    )
    (folder / "src/money.py").write_text("def refund_invoice(amount):\n    return -amount\n")
    for i in range(40):
        (folder / f"src/part_{i}.py").write_text(f"def part_{i}(value):\n    return value + {i}\n" * 20)


def server(home, folder, *words):
    environment = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    return StdioServerParameters(command=SONDE, args=["mcp", *words], env=environment, cwd=str(folder))


@contextlib.contextmanager
def http_server(home, project):
    """`sonde serve`, as a function that makes a connection to it."""
    process = subprocess.Popen(
        [SONDE, "serve", "--listen", "127.0.0.1:0", "--json", "--root", str(project)],
        env=server(home, project).env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        started = json.loads(process.stdout.readline())
        headers = {"Authorization": "Bearer " + Path(started["token_file"]).read_text().strip()}

        def connect():
            client = httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(BOUND))
            return streamable_http_client(started["url"] + "/mcp", http_client=client)

        yield connect
    finally:
        process.send_signal(signal.SIGTERM)
        require(process.wait(BOUND) == 0, f"sonde serve ended with {process.returncode}")


def children():
    """Names of our living child processes."""
    names = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid() and state != "Z":
            names.append(name.split("(", 1)[1])
    return names


async def drive_everything(connect, project, mode, version):
    async with Client(connect(), mode=mode, read_timeout_seconds=BOUND) as client:
        require(client.protocol_version == version, f"{client.protocol_version} was agreed on, not {version}")
        require("search" in (client.instructions or ""), "the instructions do not say what to use")
        listed = await client.list_tools()
        require({tool.name for tool in listed.tools} == set(TOOLS), f"tools: {[t.name for t in listed.tools]}")
        heard = []

        async def progress(done, total, message):
            heard.append((done, total, message))

        forced = await client.call_tool("index", {"force": True}, progress_callback=progress)
        require(not forced.is_error, forced.content[0].text)
        require(heard == sorted(heard), f"progress goes back: {heard}")
        for name, arguments in TOOLS.items():  # the client holds each answer against its schema
            result = await client.call_tool(name, arguments)
            require(not result.is_error, f"{name}: {result.content[0].text}")
            require(result.content[0].text and result.structured_content, f"{name} says nothing")
        found = await client.call_tool("search", {"query": "refund an invoice"})
        first = found.structured_content["results"][0]
        require(first["path"] == "src/money.py", f"search found {first['path']}")
        again = await client.call_tool("read", {"id": first["id"]})
        require(again.structured_content["text"] == first["text"], "a result's id reads something else")
        saved = await client.read_resource(found.structured_content["resource"])
        require(json.loads(saved.contents[0].text)["results"] == found.structured_content["results"], "another answer")
        require(len((await client.list_resources()).resources) >= 6, "the answers are not listed")
        require(len((await client.list_resource_templates()).resource_templates) == 2, "templates")
        file = await client.read_resource((project / "src/money.py").as_uri())
        require(file.contents[0].text.startswith("def refund_invoice"), "a file reads differently as a resource")
        for name, arguments in [("search", {}), ("search", {"query": "x", "n": "many"}), ("read", {"path": "../x"})]:
            result = await client.call_tool(name, arguments)
            require(result.is_error and len(result.content[0].text) > 20, f"{name} {arguments} is no error")
        prompts = await client.list_prompts()
        require(len(prompts.prompts) == 2, "prompts")
        prompt = await client.get_prompt("find_where_to_change", {"change": "a fee for refunds"})
        require("a fee for refunds" in prompt.messages[0].content.text, "the prompt lost its argument")


async def cancel_and_go_on(connect, mode):
    async with Client(connect(), mode=mode, read_timeout_seconds=BOUND) as client:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(client.call_tool, "index", {"force": True})
            await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        require(not (await client.call_tool("status", {})).is_error, "no answer after a cancelled call")


async def leave_in_the_middle(home, project, mode):
    with anyio.move_on_after(BOUND):
        async with Client(server(home, project), mode=mode) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "index", {"force": True})
                await anyio.sleep(0.01)
                group.cancel_scope.cancel()
    require(children() == [], f"processes are left: {children()}")


async def tell_roots(home, project, mode):
    """Started in the home folder, it works where the client says."""

    async def roots(_):
        return types.ListRootsResult(roots=[types.Root(uri=project.as_uri())])

    async with Client(server(home, home), mode=mode, list_roots_callback=roots, read_timeout_seconds=BOUND) as client:
        status = await client.call_tool("status", {})
        named = [root["root"] for root in status.structured_content["roots"]]
        require(named == [str(project)], f"{mode}: the roots are {named}")


def say_what_nobody_reads(home, project):
    """Each line that comes back is a message of the protocol; the next request is answered."""
    parameters = server(home, project)
    process = subprocess.Popen(
        [SONDE, "mcp"], cwd=project, env=parameters.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    initialize = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    lines = [b"{", b"[]", b"17", b"\xff\xfe", b'{"jsonrpc":"2.0"}', b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
             b"[" * 100_000, b'"' + b"x" * (17 << 20) + b'"']  # fmt: skip
    process.stdin.write(b"\n".join(lines) + b"\n" + json.dumps(initialize).encode() + b"\n")
    process.stdin.flush()
    refused = 0
    while True:
        message = types.jsonrpc.jsonrpc_message_adapter.validate_json(process.stdout.readline())
        if isinstance(message, types.JSONRPCResponse):
            types.InitializeResult.model_validate(message.result)
            break
        require(isinstance(message, types.JSONRPCError), f"{message} is no error")
        refused += 1
    require(refused == len(lines), f"{refused} of {len(lines)} were refused")
    process.stdin.write(b'{"jsonrpc":"2.0","id":2,')
    process.stdin.close()
    require(process.wait(BOUND) == 0, f"it ended with {process.returncode}")


def main():
    with tempfile.TemporaryDirectory(prefix="sonde-conformance-") as scratch:
        home = Path(scratch).resolve() / "home"
        project = home / "project"
        make_project(project)
        environment = server(home, project).env
        subprocess.run([SONDE, "model", "add", MODEL, "--name", "all-MiniLM-L6-v2"], env=environment, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        for mode, version in [("legacy", "2025-11-25"), ("auto", "2026-07-28")]:
            began = time.monotonic()
            anyio.run(drive_everything, lambda: server(home, project), project, mode, version)
            anyio.run(cancel_and_go_on, lambda: server(home, project), mode)
            anyio.run(leave_in_the_middle, home, project, mode)
            anyio.run(tell_roots, home, project, mode)
            print(f"{version}: every tool, cancel, leave, roots: {time.monotonic() - began:.1f} s")
            began = time.monotonic()
            with http_server(home, project) as connect:
                anyio.run(drive_everything, connect, project, mode, version)
                anyio.run(cancel_and_go_on, connect, mode)
            print(f"{version} over HTTP: every tool, cancel: {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        say_what_nobody_reads(home, project)
        print(f"what nobody reads is refused: {time.monotonic() - began:.1f} s")


main()
