"One request and its answer, bounded in bytes and in time."

import asyncio

from mlc_course.tools.demo.bodies import Refusal
from mlc_course.tools.demo.reading import MAX_BYTES


def header(scope, name):
    "The value of the last header of this name, or None."
    found = [v for k, v in scope["headers"] if k == name]
    return found[-1].decode("latin-1").strip() if found else None


class Exchange:
    "One request and its answer; stops what comes in when it is too much or too slow."

    def __init__(self, receive, send, rules):
        self._receive, self._send, self.rules = receive, send, rules
        self.limit, self.parts, self.until = None, None, None
        self.got, self.whole, self.over, self.silent = 0, False, False, False

    def bound(self, scope, limit, parts=None):
        "Refuse a body that says that it is too long; count the others."
        self.silent = (header(scope, b"expect") or "").lower() == "100-continue"
        self.limit, self.parts = limit, parts
        self.until = asyncio.get_running_loop().time() + self.rules.duration
        said = header(scope, b"content-length") or "0"
        if not said.isdigit() or int(said) > limit:
            raise Refusal(413, self.too_long())

    def too_long(self):
        "What is said of a body that is too long."
        if self.parts is None:
            return f"The event is too long: {self.limit:,} bytes at most."
        most = f"{MAX_BYTES / 1e6:.0f} MB"
        return f"The upload is too large: one image of {most} at most. Make it smaller."

    async def next(self):
        "The next message of a bounded body; Refusal if it is late, or one too many."
        left = self.until - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, min(self.rules.pause, left)))
        except asyncio.TimeoutError:
            self.silent = True
            raise Refusal(
                408, "Nothing came for too long, so the connection was closed. Try again."
            ) from None
        if message["type"] == "http.request":
            self.silent = False
            body = message.get("body", b"")
            self.got += len(body)
            self.whole = not message.get("more_body", False)
            if self.got > self.limit:
                raise Refusal(413, self.too_long())
            if self.parts is not None:
                self.parts.write(body, self.whole)
        return message

    async def receive(self):
        "What the application reads: the body, or a visitor who left once it was refused."
        if self.limit is None or self.whole:
            return await self._receive()
        if self.over:
            return {"type": "http.disconnect"}
        try:
            return await self.next()
        except Refusal as e:
            await self.refuse(e)
            return {"type": "http.disconnect"}

    async def read(self, limit, scope):
        "The whole body, or Refusal."
        self.bound(scope, limit)
        found = bytearray()
        while not self.whole:
            message = await self.next()
            if message["type"] != "http.request":
                raise ConnectionResetError("The visitor left.")
            found += message.get("body", b"")
        return bytes(found)

    def replay(self, body):
        "A `receive` that gives this body first."
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            return waiting.pop() if waiting else await self._receive()

        return receive

    async def send(self, message):
        "Pass an answer on; what follows a refusal is dropped, and who doesn't read is left."
        if not self.over:
            await asyncio.wait_for(self._send(message), self.rules.reader)

    async def refuse(self, refusal):
        "Send the refusal at once, and close."
        self.over = True
        text = (str(refusal) + "\n").encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"connection", b"close"),
            (b"content-length", str(len(text)).encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        try:
            await self._send(
                {"type": "http.response.start", "status": refusal.status, "headers": headers}
            )
            await self._send({"type": "http.response.body", "body": text, "more_body": True})
            if not self.silent:
                await self._drain()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except (OSError, RuntimeError):
            pass  # the visitor left, or the answer had already begun

    async def _drain(self, seconds=3.0, most=256_000_000):
        "Throw away what still comes for a moment: many clients send all before they read."
        loop = asyncio.get_running_loop()
        until, got = loop.time() + seconds, 0
        while not self.whole and got < most:
            try:
                message = await asyncio.wait_for(
                    self._receive(), max(0.0, min(1.0, until - loop.time()))
                )
            except asyncio.TimeoutError:
                return
            if message["type"] != "http.request":
                return
            got += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
