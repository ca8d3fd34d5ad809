#!/usr/bin/env python3
"""A hub of models and an embeddings server for tests, on 127.0.0.1, that misbehave when asked to.

usage: fake_server.py FOLDER LOG

Prints its port, then serves until standard input ends. Each request is a line in LOG: method, path, and the
Range of a GET, or how many texts are to be embedded.
  /hub/MODE/OWNER/NAME/resolve/REVISION/FILE   FOLDER's files; MODE says what goes wrong
  /emb/MODE/embeddings                         vectors of 4 numbers, or as many as FOLDER/dimensions says;
                                               MODE says what goes wrong
"""
import hashlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FOLDER, LOG = sys.argv[1], sys.argv[2]
LOCK = threading.Lock()
SEEN = {}
SLEEP_S = 20
DEADLY_CALL = 6


def count(key):
    """How often this was called with `key` before."""
    with LOCK:
        SEEN[key] = SEEN.get(key, 0) + 1
        return SEEN[key] - 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note(self, what):
        with LOCK, open(LOG, "a", encoding="utf-8") as log:
            print(self.command, self.path, what, file=log, flush=True)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.note(self.headers.get("Range", "-"))
        parts = self.path.split("/")
        if len(parts) < 8 or parts[1] not in ("hub", "cdn") or parts[5] != "resolve":
            return self.answer(404)
        mode, file = parts[2], "/".join(parts[7:])
        path = os.path.join(FOLDER, file)
        if mode == "gone" or not os.path.isfile(path):
            return self.answer(404)
        if mode == "busy" and count(self.path + self.command) < 2:
            return self.answer(503)
        if mode == "redirect" and parts[1] == "hub":
            target = self.path.replace("/hub/", "/cdn/")
            if file == "model.safetensors":  # elsewhere, as to a store of large files
                target = f"http://127.0.0.1:{self.server.server_address[1]}{target}"
                return self.answer(302, b"moved", self.described(mode, path, file) + [("Location", target)])
            return self.answer(307, b"moved", [("Location", target)])
        if parts[1] == "cdn" and file == "model.safetensors" and self.command == "HEAD":
            return self.answer(403)
        with open(path, "rb") as stream:
            content = stream.read()
        if mode == "slow" and self.command == "GET":
            return time.sleep(SLEEP_S)
        self.send_file(mode, file, content, self.described(mode, path, file))

    def described(self, mode, path, file):
        with open(path, "rb") as stream:
            content = stream.read()
        digest = hashlib.sha256(content).hexdigest()
        headers = [("X-Repo-Commit", COMMIT), ("ETag", f'"{digest[:40]}"')]
        if file == "model.safetensors":
            wrong = mode == "wrongsha" or (mode == "wrongonce" and count("sha" + self.command) == 0)
            headers += [("X-Linked-Size", str(len(content))), ("X-Linked-ETag", '"%s"' % ("0" * 64 if wrong else digest))]
        return headers

    def send_file(self, mode, file, content, headers):
        begin, wanted = 0, self.headers.get("Range")
        if wanted and mode != "norange":
            begin = int(wanted.split("=")[1].split("-")[0])
            if begin >= len(content):
                return self.answer(416)
            headers.append(("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}"))
        body = content[begin:]
        self.send_response(206 if wanted and mode != "norange" else 200)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        large = file == "model.safetensors"
        first = large and count("get" + mode) == 0
        if large and (mode == "cut" or (first and mode in ("cutonce", "norange"))):
            self.wfile.write(body[: max(1, len(content) // 4)])
            self.wfile.flush()
            self.close_connection = True
            return
        if large and mode == "nothing":
            self.close_connection = True
            return
        self.wfile.write(body)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mode, calls = self.path.split("/")[2], count(self.path)
        texts = request["input"]
        self.note(len(texts))
        data = [{"index": i, "embedding": [len(t), sum(t.encode()) % 97, 1, -2]} for i, t in enumerate(texts)]
        if os.path.exists(os.path.join(FOLDER, "dimensions")):
            with open(os.path.join(FOLDER, "dimensions"), encoding="utf-8") as wanted:
                more = int(wanted.read()) - 4
            for item in data:
                item["embedding"] += [1] * more
        if mode == "paced":
            time.sleep(0.02)
        if mode == "dies" and calls == DEADLY_CALL:
            os._exit(1)
        later = calls > 0  # the first call asks for the dimensions
        if mode == "flaky" and calls % 3 != 2:
            return self.answer(503)
        if mode == "slow" and later:
            return time.sleep(SLEEP_S)
        if mode == "refuse":
            key = self.headers.get("Authorization", "").removeprefix("Bearer ")
            return self.answer(401, json.dumps({"error": {"message": f"wrong key {key}"}}).encode())
        if mode == "html" and later:
            return self.answer(200, b"<html>")
        if later:
            if mode == "dimensions":
                data[-1]["embedding"].append(3)
            elif mode == "count":
                data.pop()
            elif mode == "nan":
                data[-1]["embedding"][0] = float("nan")
            elif mode == "text":
                data[-1]["embedding"][0] = "1"
            elif mode == "zero":
                data[-1]["embedding"] = [0, 0, 0, 0]
            elif mode == "twice":
                data[-1]["index"] = 0
        if mode == "shuffled":
            data.reverse()
        self.answer(200, json.dumps({"data": data, "model": request["model"]}).encode())


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
