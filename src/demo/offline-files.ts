/** A program that is stored, by the words that ask for it. */
export type Program = {
  readonly words: readonly string[];
  readonly title: string;
  readonly complexity: string;
  /** By language; python is always there. */
  readonly source: { readonly python: string; readonly javascript?: string };
  /** The Python as files, with its tests, where these are stored. */
  readonly files?: Readonly<Record<string, string>>;
};

export const fibonacciFiles = {
  'fibonacci.py': `def fibonacci(n):
    """Return the n-th Fibonacci number; fibonacci(0) is 0."""
    previous, current = 0, 1
    for _ in range(n):
        previous, current = current, previous + current
    return previous`,
  'test_fibonacci.py': `import unittest

from fibonacci import fibonacci


class FibonacciTest(unittest.TestCase):
    def test_first_numbers(self):
        self.assertEqual([fibonacci(n) for n in range(8)], [0, 1, 1, 2, 3, 5, 8, 13])


if __name__ == "__main__":
    unittest.main()`,
} as const;

const todoFiles = {
  'todo_api.py': `"""A to-do list as a REST API: create, read, update and delete, for whoever has a token."""
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TodoApi:
    """Answers (status, body) for a method, a path, a token and a body; it knows nothing of sockets."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.lists = {user: {} for user in tokens.values()}
        self.next_id = 1

    def handle(self, method, path, token=None, body=None):
        user = self.tokens.get(token)
        if user is None:
            return 401, {"error": "this needs a token"}
        parts = path.strip("/").split("/")
        if parts[0] != "todos" or len(parts) > 2:
            return 404, {"error": "there is nothing here"}
        todos = self.lists[user]
        if len(parts) == 1:
            return self.collection(method, todos, body)
        return self.single(method, todos, parts[1], body)

    def collection(self, method, todos, body):
        if method == "GET":
            return 200, list(todos.values())
        if method != "POST":
            return 405, {"error": "expected GET or POST"}
        if not isinstance(body, dict) or not str(body.get("title", "")).strip():
            return 422, {"error": "expected a title"}
        todo = {"id": self.next_id, "title": str(body["title"]), "done": False}
        todos[str(self.next_id)] = todo
        self.next_id += 1
        return 201, todo

    def single(self, method, todos, key, body):
        if key not in todos:
            return 404, {"error": "there is no such to-do"}
        if method == "GET":
            return 200, todos[key]
        if method == "DELETE":
            del todos[key]
            return 204, None
        if method != "PUT":
            return 405, {"error": "expected GET, PUT or DELETE"}
        if not isinstance(body, dict):
            return 422, {"error": "expected an object"}
        allowed = {name: body[name] for name in ("title", "done") if name in body}
        todos[key].update(allowed)
        return 200, todos[key]


def serve(api, port):
    """Serves the API over HTTP until the process ends."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length", 0))
            try:
                body = json.loads(self.rfile.read(length)) if length else None
            except ValueError:
                body = None
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, content = api.handle(self.command, self.path, token, body)
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = answer

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()`,
  'test_todo_api.py': `import unittest

from todo_api import TodoApi


class TodoApiTest(unittest.TestCase):
    def setUp(self):
        self.api = TodoApi({"secret": "ann", "other": "bob"})

    def test_create_read_update_delete(self):
        status, todo = self.api.handle("POST", "/todos", "secret", {"title": "buy milk"})
        self.assertEqual((status, todo["done"]), (201, False))
        path = f"/todos/{todo['id']}"
        self.assertEqual(self.api.handle("PUT", path, "secret", {"done": True})[1]["done"], True)
        self.assertEqual(self.api.handle("GET", "/todos", "secret")[1][0]["title"], "buy milk")
        self.assertEqual(self.api.handle("DELETE", path, "secret")[0], 204)
        self.assertEqual(self.api.handle("GET", path, "secret")[0], 404)

    def test_nobody_gets_in_without_a_token(self):
        self.assertEqual(self.api.handle("GET", "/todos")[0], 401)

    def test_lists_are_apart(self):
        self.api.handle("POST", "/todos", "secret", {"title": "mine"})
        self.assertEqual(self.api.handle("GET", "/todos", "other"), (200, []))

    def test_a_title_is_needed(self):
        self.assertEqual(self.api.handle("POST", "/todos", "secret", {})[0], 422)


if __name__ == "__main__":
    unittest.main()`,
} as const;

/** The seed's to-do API, with authentication and tests. */
export const todoProgram: Program = {
  words: ['todo app', 'to-do app', 'todo api', 'to-do api', 'todo list', 'to-do list'],
  title: 'A to-do API',
  complexity: 'Time complexity: O(1) for one to-do, O(n) for the list. Space complexity: O(n).',
  source: { python: todoFiles['todo_api.py'] },
  files: todoFiles,
};
