"A protocol for uvicorn that waits for nobody."

from uvicorn.protocols.http.h11_impl import H11Protocol


class Patient(H11Protocol):
    "Ends connections whose next request is late; uvicorn's own clock stops at its first byte."

    head = 10.0  # seconds that the head of a request may take
    clock = None

    def connection_made(self, transport):
        "Wait for the first request."
        super().connection_made(transport)
        self._watch()

    def data_received(self, data):
        "Go on waiting, until a request has begun."
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc):
        "Wait no longer."
        super().connection_lost(exc)
        self._stop()

    def _idle(self):
        return self.cycle is None or self.cycle.response_complete

    def _watch(self):
        if not self._idle():
            self._stop()
        elif self.clock is None:
            self.clock = self.loop.call_later(self.head, self._end)

    def _stop(self):
        if self.clock is not None:
            self.clock.cancel()
            self.clock = None

    def _end(self):
        self.clock = None
        if self._idle() and not self.transport.is_closing():
            self.transport.abort()
