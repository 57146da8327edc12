"""scripts/mesh for tests: four kinds of processes over real servers."""

import importlib.machinery
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import grpc

from client import Client

ROOT = Path(__file__).resolve().parent.parent.parent

# Calls are repeated while a replica or what is behind it is away. All calls of
# these tests may be: what creates something carries a request id.
RETRIES = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"],
            },
        }
    ],
    "loadBalancingConfig": [{"round_robin": {}}],
}


def load(name):
    """A script without a suffix as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / "scripts" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    # Nothing of it is left beside the script.
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


Mesh = load("mesh").Mesh


def client_of(mesh):
    """A client of all replicas of the catalog."""
    addresses = ",".join(process.address for process in mesh.of("catalog"))
    options = [
        ("grpc.service_config", json.dumps(RETRIES)),
        ("grpc.enable_retries", 1),
        # A list of addresses is no authority that HTTP/2 allows.
        ("grpc.default_authority", "catalog"),
        # A replica that was away is called again soon.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
    ]
    return Client(grpc.insecure_channel(f"ipv4:{addresses}", options=options))


def query(mesh, sql):
    """Rows of the catalog's database, each a list of texts."""
    command = ["psql", "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql]
    url = mesh.addresses()["SOPILOT_TEST_POSTGRES_URL"]
    done = subprocess.run([*command, url], check=True, capture_output=True, text=True, timeout=60)
    return [line.split("\t") for line in done.stdout.splitlines()]
