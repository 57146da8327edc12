"""Starts and stops `sopilot serve`, the way an operator would."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

START_SECONDS = 60
STOP_SECONDS = 60
SERVICES = ("catalog", "embedding", "alignment", "scoring")


class Serving:
    """One `sopilot serve` over a data folder, on ports that were free."""

    def __init__(self, folder, settings=()):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "serve.log"
        self.settings = list(settings)
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES))))
        self.process = None
        self.channel = None

    def start(self):
        """Starts it and returns once the catalog says that it serves."""
        command = [os.environ["SOPILOT_BIN"], "serve", "--data-dir", str(self.data)]
        for service, port in self.ports.items():
            command += ["--set", f"listen.{service}={port}"]
        for setting in self.settings:
            command += ["--set", setting]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # Nothing of the caller's settings.
                env={name: value for name, value in os.environ.items() if not name.startswith("SOPILOT_")},
            )
        self.channel = grpc.insecure_channel(self.address("catalog"))
        self.wait_until_serving()
        return self

    def address(self, service):
        return f"127.0.0.1:{self.ports[service]}"

    def wait_until_serving(self):
        deadline = time.monotonic() + START_SECONDS
        health = health_pb2_grpc.HealthStub(self.channel)
        request = health_pb2.HealthCheckRequest()
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"serve ended with {self.process.returncode}:\n{self.said()}")
            try:
                for answer in health.Watch(request, timeout=1, wait_for_ready=True):
                    if answer.status == health_pb2.HealthCheckResponse.SERVING:
                        return
            except grpc.RpcError:
                continue
        raise AssertionError(f"serve is not ready after {START_SECONDS} s:\n{self.said()}")

    def kill(self):
        """Kills it outright, as the kernel does when memory runs out."""
        children = children_of(self.process.pid)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self.channel.close()
        return children

    def stop(self):
        """Asks it to stop; answers its exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"serve did not stop within {STOP_SECONDS} s:\n{self.said()}")
        finally:
            self.channel.close()

    def said(self):
        return self.log.read_text(errors="replace")[-8000:]


def free_ports(count):
    """Ports that nobody uses; held together, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def children_of(pid):
    """The processes that `pid` has started and not yet waited for."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            pass  # The thread has just ended.
    return found


def wait_for(condition, seconds, what, interval=0.05):
    """Answers the first true value of `condition()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(interval)
