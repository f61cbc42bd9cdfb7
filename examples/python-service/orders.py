"""A small service in Python's standard library: answers for an order's price, which it asks another service for.

Around that call stand, written by hand, what most services have: a timeout, two tries, a circuit breaker, and a
cached answer that says how old it is. GET /breakers tells their state, in the words of Spring's Actuator.
"""
import http.client
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PRICES_URL = os.environ.get("PRICES_URL", "http://127.0.0.1:9100")
PORT = int(os.environ.get("PORT", "9000"))
# One thing done wrong, to see that a run of the scenarios notices: breaker-off, cache-unmarked or timeout-off.
DEFECT = os.environ.get("DEFECT", "")

TIMEOUT_S = 30 if DEFECT == "timeout-off" else 0.3
TRIES = 2
FAILURES_TO_OPEN = 5
OPEN_S = 1.0


class Open(Exception):
    """The breaker lets nothing through."""


class Breaker:
    """Opens after so many failures in a row; after a while one call at a time may try whether all is well again."""

    def __init__(self):
        self.lock = threading.Lock()
        self.failures = 0
        self.opened_at = None
        self.is_probing = False

    def state(self):
        with self.lock:
            if self.opened_at is None:
                return "CLOSED"
            return "HALF_OPEN" if time.monotonic() - self.opened_at >= OPEN_S else "OPEN"

    def enter(self):
        """Raises Open, or lets one try go ahead. Says whether it is a probe."""
        with self.lock:
            if self.opened_at is None or DEFECT == "breaker-off":
                return False
            if time.monotonic() - self.opened_at < OPEN_S or self.is_probing:
                raise Open()
            self.is_probing = True
            return True

    def leave(self, is_probe, is_good):
        with self.lock:
            if is_probe:
                self.is_probing = False
            if is_good:
                # A straggler of before is no proof: only a probe closes an open breaker.
                if is_probe or self.opened_at is None:
                    self.failures, self.opened_at = 0, None
                return
            self.failures += 1
            if is_probe or (self.opened_at is None and self.failures >= FAILURES_TO_OPEN):
                self.opened_at = time.monotonic()


breaker = Breaker()
cache = {}


def ask_once(item, trace):
    """One try, with a connection of its own: nothing dead is left in a pool after an outage."""
    upstream = urlsplit(PRICES_URL)
    connection = http.client.HTTPConnection(upstream.hostname, upstream.port, timeout=TIMEOUT_S)
    try:
        headers = {"traceparent": trace} if trace else {}
        connection.request("GET", f"{upstream.path}/prices/{item}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise OSError(f"prices answered {answer.status}")
        return json.loads(body)["cents"]
    finally:
        connection.close()


def ask(item, trace):
    for left in range(TRIES - 1, -1, -1):
        is_probe = breaker.enter()
        try:
            cents = ask_once(item, trace)
        except Exception:
            breaker.leave(is_probe, False)
            # A probe that failed has its answer; and an open breaker needs no second question.
            if left == 0 or is_probe:
                raise
            time.sleep(0.02)
        else:
            breaker.leave(is_probe, True)
            return cents


def order(item, trace):
    """Status and answer. Where the price comes from stands in `source`."""
    try:
        cents = ask(item, trace)
        cache[item] = (cents, time.monotonic())
        return 200, {"item": item, "cents": cents, "source": "live"}
    except Exception:
        if item not in cache:
            return 503, {"error": "no price is known"}
        cents, at = cache[item]
        source = "live" if DEFECT == "cache-unmarked" else "cached"
        return 200, {"item": item, "cents": cents, "source": source, "ageMs": round((time.monotonic() - at) * 1000)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        if self.path == "/healthz":
            self.reply(200, {"status": "up"})
        elif self.path == "/breakers":
            self.reply(200, {"circuitBreakers": {"prices": {"state": breaker.state()}}})
        elif self.path.startswith("/orders/"):
            self.reply(*order(self.path.removeprefix("/orders/"), self.headers.get("traceparent")))
        else:
            self.reply(404, {"error": "no such path"})

    def reply(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"orders: on port {PORT}, prices at {PRICES_URL}", flush=True)
    Server(("127.0.0.1", PORT), Handler).serve_forever()
