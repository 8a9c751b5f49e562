"""Failures written for these tests: each is one text with slots for what changes between runs.

Slots: ``{dir}`` a working folder, ``{lib}`` where Python's library lies, ``{n}`` and ``{m}``
numbers, ``{hex}`` and ``{uuid}`` identities, ``{ip}``, ``{port}``, ``{clock}`` a time.
"""

from __future__ import annotations

FAILURES: dict[str, str] = {
    "python value": """Traceback (most recent call last):
  File "{dir}/app/main.py", line {n}, in <module>
    main()
  File "{dir}/app/parse.py", line {m}, in read_row
    return int(cell)
ValueError: invalid literal for int() with base 10: 'x{n}'
""",
    "python value elsewhere": """Traceback (most recent call last):
  File "{dir}/app/main.py", line {n}, in <module>
    main()
  File "{dir}/app/parse.py", line {m}, in read_header
    return int(cell)
ValueError: invalid literal for int() with base 10: 'x{n}'
""",
    "python attribute": """Traceback (most recent call last):
  File "{dir}/app/main.py", line {n}, in run
    self.store.commit()
AttributeError: 'NoneType' object has no attribute 'commit'
""",
    "python no file": """Traceback (most recent call last):
  File "{dir}/app/load.py", line {n}, in load
    open(p)
  File "{lib}/pathlib.py", line {m}, in open
    return io.open(self)
FileNotFoundError: [Errno 2] No such file or directory: '{dir}/cache-{n}/settings.toml'
""",
    "python chain": """Traceback (most recent call last):
  File "{dir}/app/db.py", line {n}, in connect
    return pool.get()
  File "{lib}/site-packages/pool/core.py", line {m}, in get
    raise Empty(f"no connection in {n} ms")
pool.core.Empty: no connection in {n} ms

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "{dir}/app/main.py", line {m}, in start
    connect()
app.errors.StartError: cannot start worker {hex}
""",
    "python subprocess timeout": """Traceback (most recent call last):
  File "{dir}/app/tools.py", line {n}, in call_tool
    subprocess.run(cmd, timeout=30)
  File "{lib}/subprocess.py", line {m}, in run
    raise TimeoutExpired(process.args, timeout)
subprocess.TimeoutExpired: Command '['git', 'fetch', 'https://git.example.com/a/{n}.git']' timed out after {n} seconds
""",
    "pydantic": """Traceback (most recent call last):
  File "{dir}/app/model.py", line {n}, in load_plan
    return Plan(**data)
  File "{lib}/site-packages/pydantic/main.py", line {m}, in __init__
    validate(data)
pydantic_core._pydantic_core.ValidationError: 1 validation error for Plan
steps.0.name
  Field required [type=missing, input_value={{'id': {n}}}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.9/v/missing
""",
    "sqlalchemy": """Traceback (most recent call last):
  File "{dir}/app/repo.py", line {n}, in save
    session.commit()
sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint "users_email_key"
DETAIL:  Key (email)=(u{n}@example.com) already exists.

[SQL: INSERT INTO users VALUES (%(id)s)]
""",
    "missing module": """Traceback (most recent call last):
  File "{dir}/run.py", line {n}, in <module>
    import yaml
ModuleNotFoundError: No module named 'yaml'
""",
    "missing submodule": """Traceback (most recent call last):
  File "{dir}/run.py", line {n}, in <module>
    import yaml
ModuleNotFoundError: No module named 'yaml.cyaml'
""",
    "openai rate": "openai.RateLimitError: Error code: 429 - {{'error': {{'message': 'Rate limit reached for gpt-4o in organization org-{hex} on tokens per min (TPM): Limit 30000, Used {n}, Requested {m}.', 'type': 'tokens', 'code': 'rate_limit_exceeded'}}}}",
    "openai key": "openai.AuthenticationError: Error code: 401 - {{'error': {{'message': 'Incorrect API key provided: sk-{hex}.', 'type': 'invalid_request_error', 'code': 'invalid_api_key'}}}}",
    "pytest assertion": """============================= test session starts ==============================
collected 3 items

tests/test_cart.py .F.                                                   [100%]

=================================== FAILURES ===================================
_______________________________ test_sum[{n}] ________________________________

    def test_sum():
>       assert cart.sum() == {n}
E       AssertionError: expected {n} items but got {m}

{dir}/tests/test_cart.py:{n}: AssertionError
=========================== short test summary info ============================
FAILED tests/test_cart.py::test_sum[{n}] - AssertionError: expected {n} items...
========================= 1 failed, 2 passed in 0.{n}s =========================
""",
    "pytest raise": """=================================== FAILURES ===================================
________________________________ test_checkout _________________________________

    def test_checkout():
>       checkout(cart)

{dir}/shop/cart.py:{n}: TypeError
E       TypeError: checkout() missing 1 required positional argument: 'user'

=========================== short test summary info ============================
FAILED tests/test_cart.py::test_checkout - TypeError: checkout() missing 1 re...
""",
    "node type": """{dir}/src/app.js:{n}
    return user.name.first;
                ^

TypeError: Cannot read properties of undefined (reading 'first')
    at getName ({dir}/src/app.js:{n}:17)
    at Object.<anonymous> ({dir}/src/index.js:{m}:1)
    at Module._compile (node:internal/modules/cjs/loader:1256:14)

Node.js v18.17.0
""",
    "node address in use": """node:events:497
      throw er; // Unhandled 'error' event
      ^

Error: listen EADDRINUSE: address already in use :::{port}
    at Server.setupListenHandle [as _listen2] (node:net:1817:16)
    at listenInCluster (node:net:1865:12)
Emitted 'error' event on Server instance at:
    at emitErrorNT (node:net:1844:8) {{
  code: 'EADDRINUSE'
}}
""",
    "node heap": """<--- Last few GCs --->

[{n}:0x{hex}]    {m} ms: Mark-sweep 2046.3 (2080.1) -> 2045.9 (2080.1) MB, 1.2 / 0.0 ms  allocation failure

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
 1: 0x{hex} node::Abort() [node]
""",
    "npm 404": """npm ERR! code E404
npm ERR! 404 Not Found - GET https://packages.example.com/left-padd - Not found
npm ERR! 404
npm ERR! 404  'left-padd@^1.0.0' is not in this registry.
npm ERR! A complete log of this run can be found in: {dir}/.npm/_logs/{n}-debug-0.log
""",
    "npm resolve": """npm error code ERESOLVE
npm error ERESOLVE unable to resolve dependency tree
npm error
npm error While resolving: shop@0.{n}.0
npm error Found: react@18.2.0
npm error A complete log of this run can be found in: {dir}/.npm/_logs/{n}-debug-0.log
""",
    "tsc": """src/cart.ts({n},{m}): error TS2322: Type 'string' is not assignable to type 'number'.
""",
    "tsc property": """src/cart.ts({n},{m}): error TS2339: Property 'total' does not exist on type 'Cart'.
""",
    "gcc": """a.c: In function 'main':
{dir}/src/a.c:{n}:21: warning: implicit declaration of function 'foo' [-Wimplicit-function-declaration]
{dir}/src/a.c:{n}:25: error: 'total' undeclared (first use in this function)
{dir}/src/a.c:{n}:25: note: each undeclared identifier is reported only once for each function it appears in
make: *** [Makefile:{n}: a.o] Error 1
""",
    "gcc header": """{dir}/src/b.c:{n}:10: fatal error: libfoo/foo.h: No such file or directory
compilation terminated.
""",
    "linker": """/usr/bin/ld: /tmp/cc{hex}.o: in function `main':
b.c:(.text+0x{hex}): undefined reference to `compute_total'
collect2: error: ld returned 1 exit status
""",
    "javac": """{dir}/src/B.java:{n}: error: cannot find symbol
    foo();
    ^
  symbol:   method foo()
  location: class B
1 error
""",
    "java": """Exception in thread "main" java.lang.IllegalStateException: job {n} broke
	at com.acme.jobs.Runner.run(Runner.java:{n})
	at java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.lang.NullPointerException: Cannot invoke "String.length()" because "name" is null
	at com.acme.jobs.Names.check(Names.java:{m})
	... 1 more
""",
    "java refused": """java.net.ConnectException: Connection refused
	at java.base/sun.nio.ch.Net.pollConnect(Native Method)
	at com.acme.jobs.Client.open(Client.java:{n})
""",
    "go panic": """panic: runtime error: index out of range [{n}] with length {n}

goroutine {n} [running]:
main.pick(...)
	{dir}/cmd/pick.go:{n}
main.main()
	{dir}/cmd/main.go:{m} +0x{hex}
exit status 2
""",
    "go build": """# acme/shop/cmd
cmd/main.go:{n}:{m}: undefined: loadConfig
""",
    "go test": """--- FAIL: TestTotal (0.{n}s)
    cart_test.go:{n}: got {n}, want {m}
FAIL
FAIL	acme/shop/cart	0.{n}s
""",
    "rust panic": """thread 'main' panicked at {dir}/src/cart.rs:{n}:{m}:
called `Result::unwrap()` on an `Err` value: Os {{ code: 2, kind: NotFound, message: "No such file or directory" }}
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
""",
    "cargo": """   Compiling shop v0.1.0 ({dir})
error[E0382]: borrow of moved value: `cart`
  --> src/main.rs:{n}:{m}
   |
{n} |     println!("{{}}", cart);
   |                    ^^^^ value borrowed here after move

error: could not compile `shop` (bin "shop") due to 1 previous error
""",
    "ruff": "src/shop/cart.py:{n}:8: F401 [*] `os` imported but unused\nFound {n} errors.\n",
    "eslint": "{dir}/src/x.js\n  {n}:7  error  'y' is assigned a value but never used  no-unused-vars\n\n1 problem\n",
    "jest": "FAIL  src/cart.test.js\n  ● cart \u203a sums\n\n    Expected: {n}\n    Received: {m}\n",
    "docker daemon": "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
    "docker pull": """docker: Error response from daemon: pull access denied for acme/shop, repository does not exist or may require 'docker login': denied: requested access to the resource is denied.
See 'docker run --help'.
""",
    "docker name": """docker: Error response from daemon: Conflict. The container name "/web-1" is already in use by container "{hex}{hex}". You have to remove (or rename) that container to be able to reuse that name.
""",
    "git push": """To https://git.example.com/acme/shop.git
 ! [rejected]        main -> main (fetch first)
error: failed to push some refs to 'https://git.example.com/acme/shop.git'
hint: Updates were rejected because the remote contains work that you do not have locally.
""",
    "git lock": """fatal: Unable to create '{dir}/.git/index.lock': File exists.

Another git process seems to be running in this repository.
""",
    "git apply": """error: patch failed: src/app.py:{n}
error: src/app.py: patch does not apply
""",
    "pip": """Looking in indexes: https://packages.example.com/simple
ERROR: Could not find a version that satisfies the requirement nopkg=={n}.0 (from versions: none)
ERROR: No matching distribution found for nopkg=={n}.0
""",
    "psql role": 'psql: error: connection to server at "{ip}", port {port} failed: FATAL:  role "deploy" does not exist\n',
    "psql password": 'psql: error: connection to server at "{ip}", port {port} failed: FATAL:  password authentication failed for user "deploy"\n',
    "postgres relation": """ERROR:  relation "orders" does not exist
LINE 1: select * from orders where id = {n};
                      ^
""",
    "mysql": "ERROR 1045 (28000): Access denied for user 'app'@'{ip}' (using password: YES)\n",
    "redis": "redis.exceptions.ResponseError: WRONGTYPE Operation against a key holding the wrong kind of value\n",
    "curl": "curl: (7) Failed to connect to {ip} port {port} after {n} ms: Couldn't connect to server\n",
    "curl name": "curl: (6) Could not resolve host: api.acme.dev\n",
    "curl status": "curl: (22) The requested URL returned error: 404\n",
    "ssh": "Host key verification failed.\nfatal: Could not read from remote repository.\n",
    "ssh refused": "ssh: connect to host {ip} port 22: Connection refused\n",
    "kill": "{dir}/build.sh: line {n}: {m} Killed                  python train.py --seed {n}\n",
    "segfault": "Segmentation fault (core dumped)\n",
    "no space": "tar: {dir}/out-{n}.tar: Cannot write: No space left on device\ntar: Error is not recoverable: exiting now\n",
    "ruby": "app.rb:{n}:in `fetch': key not found: :lease (KeyError)\n\tfrom app.rb:{m}:in `<main>'\n",
    "php": "PHP Fatal error:  Uncaught Error: Call to undefined function foo() in {dir}/index.php:{n}\nStack trace:\n#0 {{main}}\n  thrown in {dir}/index.php on line {n}\n",
    "dotnet": """Unhandled exception. System.InvalidOperationException: Sequence contains no elements
   at System.Linq.ThrowHelper.ThrowNoElementsException()
   at Acme.Shop.Cart.First() in {dir}/Cart.cs:line {n}
""",
    "terraform": """
Error: Invalid provider configuration

  on {dir}/main.tf line {n}, in provider "aws":
  {n}: provider "aws" {{
""",
    "kubectl": 'Error from server (NotFound): pods "web-{hex}" not found\n',
    "celery limit": "[{clock}: ERROR/MainProcess] Hard time limit (300s) exceeded for app.tasks.sync[{uuid}]\n",
    "deliverables": "DELIVERABLES_VALIDATION_FAILED: missing deliverables: docs/plan.md (attempt {n})",
    "deliverables other": "DELIVERABLES_VALIDATION_FAILED: missing deliverables: src/shop/cart.py (attempt {n})",
    "token escalation": "TOKEN_ESCALATION: output truncated at {n} tokens (budget {m}), retry with larger budget",
    "quality gate": "QUALITY_GATE_BLOCKED: {n} major issues (limit {m})",
    "phase timeout": "Phase drain timed out after {n} seconds (session batch-drain-{n}-{m})",
    "patch": "PATCH_FAILED: patch does not apply: src/app.tsx: hunk #{n} failed at line {m}",
    "requests": "EXCEPTION: ConnectionError: HTTPConnectionPool(host='{ip}', port={port}): Max retries exceeded with url: /runs/{hex} (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x{hex}>: Failed to establish a new connection: [Errno 111] Connection refused'))",
}  # fmt: skip
