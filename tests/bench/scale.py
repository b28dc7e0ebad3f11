#!/usr/bin/env python3
"""Measures how long a page takes in a large registry, and how long the server takes to start on it.

    tests/bench/scale.py [PATH OF roadstead]

Fills an SQLite database with 1,000,000 tags in one repository, 100,000 repositories and 1,000,000 blobs, starts the
server on it, and prints a table. Writes the rows directly into the database, because pushing them would take hours.
"""
import base64, hashlib, http.client, json, os, pathlib, signal, sqlite3, statistics, subprocess, sys, tempfile, time

TAGS, REPOSITORIES, BLOBS = 1_000_000, 100_000, 1_000_000
ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/dist/roadstead"


class Server:
    def __init__(self, data):
        began = time.perf_counter()
        command = [BINARY, "serve", "--data-dir", data, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.address = line.split("//")[1].strip()
                break
        self.start = time.perf_counter() - began
        made = json.loads((data / "bootstrap.json").read_text())
        pair = f"{made['username']}:{made['password']}".encode()
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        self.connection = http.client.HTTPConnection(self.address)

    def ask(self, method, path, body=None, headers={}):
        began = time.perf_counter()
        self.connection.request(method, path, body, {**self.headers, **headers})
        response = self.connection.getresponse()
        content = response.read()
        assert response.status < 300, (path, response.status, content)
        return content, response.headers, time.perf_counter() - began

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def prepare(data):
    """Pushes one image, which the rows refer to."""
    server = Server(data)
    config = b"{}"
    digest = "sha256:" + hashlib.sha256(config).hexdigest()
    _, headers, _ = server.ask("POST", "/v2/library/large/blobs/uploads/")
    server.ask("PUT", f"{headers['Location']}?digest={digest}", config)
    media = "application/vnd.oci.image.manifest.v1+json"
    descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
    manifest = {"schemaVersion": 2, "mediaType": media, "config": descriptor, "layers": []}
    server.ask("PUT", "/v2/library/large/manifests/latest", json.dumps(manifest), {"Content-Type": media})
    server.stop()


def copies(database, table, count, change):
    """Fills a table with copies of its only row. `change` returns the columns that differ in the copy with a given number."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
    row = dict(zip(columns, database.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 1").fetchone()))
    places = ", ".join("?" * len(columns))
    rows = ([{**row, **change(number)}[column] for column in columns] for number in range(count))
    database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)


def fill(data):
    database = sqlite3.connect(data / "roadstead.db")
    digests = lambda number: hashlib.sha256(str(number).encode()).hexdigest()
    copies(database, "tags", TAGS, lambda n: {"name": f"v{n:07}"})
    copies(database, "repositories", REPOSITORIES, lambda n: {"name": f"library/r{n:06}"})
    copies(database, "blobs", BLOBS, lambda n: {
        "digest": f"sha256:{digests(n)}", "object": f"own:sha256/{digests(n)[:2]}/{digests(n)}-{n:032x}"})
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def page(server, path):
    """The median time of a page over one connection, in milliseconds."""
    return statistics.median(server.ask("GET", path)[2] for _ in range(50)) * 1000


def main():
    with tempfile.TemporaryDirectory(prefix="roadstead-scale") as directory:
        data = pathlib.Path(directory) / "data"
        prepare(data)
        fill(data)
        starts = []
        for _ in range(3):
            server = Server(data)
            starts.append(server.start * 1000)
            server.stop()
        server = Server(data)
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        print("| in a large registry | |\n|---|---:|")
        print(f"| start with {BLOBS:,} blobs | {statistics.median(starts):.0f} ms |")
        print(f"| resident memory then | {resident / 1024:.0f} MiB |")
        for place, last in ("first", ""), ("middle", f"&last=v{TAGS // 2:07}"), ("last", f"&last=v{TAGS - 101:07}"):
            print(f"| {place} page of 100 of {TAGS:,} tags | {page(server, f'/v2/library/large/tags/list?n=100{last}'):.2f} ms |")
        for place, last in ("first", ""), ("middle", f"&last=library/r{REPOSITORIES // 2:06}"), ("last", f"&last=library/r{REPOSITORIES - 101:06}"):
            print(f"| {place} page of 100 of {REPOSITORIES:,} repositories | {page(server, f'/v2/_catalog?n=100{last}'):.2f} ms |")
        server.stop()


main()
