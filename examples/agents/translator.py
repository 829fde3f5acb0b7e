"""An agent in Python's standard library that translates word by word: `python3 examples/agents/translator.py`
beside a running `baton start`. With TRANSLATOR_TOKEN set, it answers only to baton processes that have the same
text in BATON_SECRET_TRANSLATOR."""
import hmac, json, os, signal, sys, threading, time, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

BATON = os.environ.get("BATON_URL", "http://127.0.0.1:4000")
TOKEN = os.environ.get("TRANSLATOR_TOKEN", "")
AT_ONCE, MAX_BODY, HEARTBEAT_S = 8, 16_000_000, 5
FRENCH = {"the": "le", "day": "jour", "night": "nuit", "is": "est", "good": "bon", "and": "et", "so": "aussi"}

stopping = threading.Event()
places = threading.BoundedSemaphore(AT_ONCE)


class Agent(BaseHTTPRequestHandler):
    timeout = 30  # seconds for which a caller may send or read nothing

    def do_GET(self):
        if self.path != "/health":
            return self.answer(404, {"detail": "expected GET /health"})
        self.answer(503 if stopping.is_set() else 200, {"status": "draining" if stopping.is_set() else "ok"})

    def do_POST(self):
        shown = self.headers.get("authorization", "")
        if self.path != "/stream":
            return self.answer(404, {"detail": "expected POST /stream"})
        if TOKEN and not hmac.compare_digest(shown.encode(), f"Bearer {TOKEN}".encode()):
            return self.answer(401, {"detail": "expected a bearer token"}, {"www-authenticate": "Bearer"})
        if not places.acquire(blocking=False):
            return self.answer(429, {"detail": "too much to do"}, {"retry-after": "1"})
        try:
            self.translate()
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass  # the caller has gone
        finally:
            places.release()

    def translate(self):
        length = int(self.headers.get("content-length") or 0)
        if length > MAX_BODY:
            return self.answer(413, {"detail": f"expected at most {MAX_BODY} bytes"})
        try:
            task = json.loads(self.rfile.read(length))
            text = task.get("text") or " ".join(task["context"].values()) or task["description"]
        except (ValueError, KeyError, AttributeError):
            return self.answer(422, {"detail": "expected a task in JSON"})
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for word in text.split():
            time.sleep(0.02)
            bare = word.strip(".,")
            self.event({"type": "token", "token": word.replace(bare, FRENCH.get(bare.lower(), bare)) + " "})
        self.event({"type": "done", "confidence": 0.5})

    def event(self, frame):
        self.wfile.write(f"data: {json.dumps(frame)}\n\n".encode())  # one line: json.dumps writes no newlines

    def answer(self, status, body, headers={}):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for the calls that run


def tell_baton(method, path="", body=None):
    headers = {"content-type": "application/json", "x-baton-instance": INSTANCE}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{BATON}/v1/agents/translator{path}", data, headers, method=method), timeout=4):
        pass


def keep_registered(descriptor):
    registered = False
    while not stopping.is_set():
        try:
            tell_baton("POST", "/heartbeat") if registered else tell_baton("PUT", body=descriptor)
            registered = True
        except HTTPError as error:
            registered = registered and error.code != 404  # 404: baton has forgotten us
            print(f"baton answered {error.code}: {error.read(200)}", file=sys.stderr)
        except OSError as error:
            print(f"baton is away: {error}", file=sys.stderr)
        stopping.wait(HEARTBEAT_S if registered else 1)


def stop(number, _frame):
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    stopping.set()


INSTANCE = str(uuid.uuid4())
server = Server(("127.0.0.1", int(os.environ.get("PORT", "0"))), Agent)
descriptor = {"name": "Example translator", "endpoint": f"http://127.0.0.1:{server.server_port}",
              "capabilities": ["translation"], "streaming_mode": "dynamic_events", "max_concurrent_tasks": AT_ONCE}
if TOKEN:
    descriptor["auth"] = {"kind": "bearer", "secret_ref": "env:BATON_SECRET_TRANSLATOR"}
for name in (signal.SIGINT, signal.SIGTERM):
    signal.signal(name, stop)
threading.Thread(target=server.serve_forever).start()
keep_registered(descriptor)
try:
    tell_baton("DELETE")
except OSError as error:
    print(f"baton is away: {error}", file=sys.stderr)
server.shutdown()
server.server_close()
