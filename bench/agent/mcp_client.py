"""`sonde mcp` over stdio, as far as the benches ask."""
import json, subprocess, time


class Server:
    """`sonde mcp` on one folder."""

    def __init__(self, sonde, root):
        started = time.perf_counter()
        self.process = subprocess.Popen([sonde, "mcp", "--root", str(root)], cwd=root, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.last = 0
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                "clientInfo": {"name": "bench", "version": "1"}})
        self.initialize_ms = (time.perf_counter() - started) * 1000
        self.send({"method": "notifications/initialized"})
        while not self.call("status", {}).get("complete", True):
            time.sleep(0.1)

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while True:
            message = json.loads(self.process.stdout.readline())
            if message.get("id") == self.last and "method" not in message:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                return message["result"]

    def call(self, tool, arguments):
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise SystemExit(f"{tool}: {result['content']}")
        self.text = "".join(part.get("text", "") for part in result["content"])
        return result["structuredContent"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
