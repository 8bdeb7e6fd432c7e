"""A relay before a server with TLS that counts how often a client waits for an answer.

What the client sends after it has heard from the server begins a new round trip. The handshake of TLS itself counts
as nothing, as it does in peer_quarantine: the first round trip of a connection is that to the greeting.
"""
import selectors
import socket
import threading


class Relay:
    """Listens on a free loopback port and hands on to @port."""

    def __init__(self, port):
        self.target, self.trips, self.connections = port, 0, 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def reset(self):
        counted = self.trips, self.connections
        self.trips = self.connections = 0
        return counted

    def close(self):
        self._listener.close()

    def _serve(self):
        selector = selectors.DefaultSelector()
        selector.register(self._listener, selectors.EVENT_READ, None)
        while self._listener.fileno() >= 0:
            for key, _ in selector.select(0.5):
                if key.data is None:
                    self._accept(selector)
                else:
                    self._hand_on(selector, key.fileobj, key.data)

    def _accept(self, selector):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", self.target))
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = {"client": client, "server": server, "heard": True, "shaken": False}
        self.connections += 1
        for one in (client, server):
            selector.register(one, selectors.EVENT_READ, state)

    def _hand_on(self, selector, source, state):
        if source.fileno() < 0:  # the other end has just closed both
            return
        from_client = source is state["client"]
        target = state["server"] if from_client else state["client"]
        try:
            data = source.recv(1 << 16)
            if data:
                target.sendall(data)
        except OSError:
            data = b""
        if not data:
            for one in (state["client"], state["server"]):
                selector.unregister(one)
                one.close()
            return
        if from_client and state["heard"]:  # the first is the ClientHello
            self.trips += state["shaken"]
            state["shaken"] = True
        state["heard"] = not from_client
