"""`docker/` as far as it can be checked without an engine: files can be read, commands exist, ports and names agree."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_blocks import command_is_understood
from tests.docs.test_docs import ROOT

yaml = pytest.importorskip("yaml", reason="PyYAML is one of the development dependencies")

DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
MANIFESTS = list(yaml.safe_load_all((DOCKER / "kubernetes" / "raftoral.yaml").read_text("utf-8")))
PORT = 7001


def serves(words: list[str]) -> dict[str, list[str]]:
    """The options of a `serve`, once it is understood."""
    assert words[0] == "serve"
    command_is_understood(["raftoral", *words])
    found: dict[str, list[str]] = {}
    for at, word in enumerate(words):
        if word.startswith("--"):
            value = words[at + 1] if at + 1 < len(words) and not words[at + 1].startswith("--") else ""
            found.setdefault(word, []).append(value)
    return found


def check_apps(options: dict[str, list[str]]) -> None:
    for app in options["--app"]:
        assert (ROOT / "examples" / app).is_file(), "WORKDIR has what COPY puts there: the examples"


# --- the image ------------------------------------------------------------------------------------


def test_the_image_has_what_nodes_need() -> None:
    assert f"EXPOSE {PORT}\n" in DOCKERFILE
    assert "COPY examples /app\n" in DOCKERFILE
    assert 'ENTRYPOINT ["raftoral"]' in DOCKERFILE, "not by a shell, which would keep SIGTERM for itself"
    assert f"http://127.0.0.1:{PORT}/healthz" in DOCKERFILE
    (extras,) = re.findall(r"\$wheel\[([\w,]+)\]", DOCKERFILE)
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    assert [name for name in extras.split(",") if f"\n{name} = [" not in pyproject] == []


# --- compose --------------------------------------------------------------------------------------


def test_three_nodes_find_each_other() -> None:
    services: dict[str, Any] = COMPOSE["services"]
    assert list(services) == ["one", "two", "three"]
    began = 0
    for name, service in services.items():
        options = serves(shlex.split(service["command"]))
        check_apps(options)
        assert options["--node-id"] == [name]
        assert options["--advertise"] == [f"{name}:{PORT}"]
        assert options["--listen"] == [f"0.0.0.0:{PORT}"]
        assert service["volumes"] == [f"{name}:{options['--storage-path'][0]}"]
        assert name in COMPOSE["volumes"]
        (port,) = service["ports"]
        assert re.fullmatch(rf"127\.0\.0\.1:700\d:{PORT}", port)
        began += "--bootstrap" in options
        for peer in ",".join(options.get("--peers", [])).split(","):
            assert not peer or peer.removesuffix(f":{PORT}") in services
    assert began == 1
    assert len({service["ports"][0] for service in services.values()}) == 3
    assert (DOCKER / services["one"]["build"]["context"] / services["one"]["build"]["dockerfile"]).is_file()


# --- Kubernetes -----------------------------------------------------------------------------------


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in MANIFESTS if each["kind"] == kind]


def test_the_manifests_agree() -> None:
    (nodes, clients), (workload,), (budget,), (policy,) = map(
        of_kind, ("Service", "StatefulSet", "PodDisruptionBudget", "NetworkPolicy")
    )
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"] == labels
    assert nodes["spec"]["selector"] == clients["spec"]["selector"] == labels
    assert budget["spec"]["selector"]["matchLabels"] == policy["spec"]["podSelector"]["matchLabels"] == labels
    assert workload["spec"]["serviceName"] == nodes["metadata"]["name"]
    assert nodes["spec"]["clusterIP"] == "None"
    assert nodes["spec"]["publishNotReadyAddresses"] is True
    assert workload["spec"]["podManagementPolicy"] == "Parallel"
    assert workload["spec"]["replicas"] % 2 == 1
    assert 0 < budget["spec"]["maxUnavailable"] <= workload["spec"]["replicas"] // 2
    assert policy["spec"]["ingress"][0]["ports"][0]["port"] == PORT


def test_the_container_serves_and_is_probed() -> None:
    (workload,) = of_kind("StatefulSet")
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == PORT
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert "cpu" not in container["resources"]["limits"]
    (script,) = container["args"]
    (command,) = re.findall(r"exec raftoral (serve .*)", script.replace("\\\n", " "))
    begins = re.findall(r'begin="([^"]+)"', script)
    assert begins == ["--bootstrap", f"--peers raftoral-0.{workload['spec']['serviceName']}:{PORT}"]
    for begin in begins:
        options = serves(shlex.split(command.replace("$begin", begin)))
        check_apps(options)
        assert options["--storage-path"] == [container["volumeMounts"][0]["mountPath"]]
        assert pod["terminationGracePeriodSeconds"] > 2 * 5
    (claim,) = workload["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == container["volumeMounts"][0]["name"]


@pytest.mark.parametrize(
    ("pod", "begins"), [("raftoral-0", "--bootstrap"), ("raftoral-2", "--peers raftoral-0.raftoral-nodes:7001")]
)
def test_the_script_of_the_container_runs(tmp_path: Path, pod: str, begins: str) -> None:
    """By a shell, with a `raftoral` that says how it was called."""
    (workload,) = of_kind("StatefulSet")
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    (tmp_path / "raftoral").write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    (tmp_path / "raftoral").chmod(0o755)
    done = subprocess.run(
        [*container["command"], *container["args"]],
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOSTNAME": pod},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    options = serves(shlex.split(done.stdout))
    assert begins in done.stdout
    assert options["--node-id"] == [pod]
    assert options["--advertise"] == [f"{pod}.raftoral-nodes:7001"]


def test_probes_are_answered() -> None:
    from raftoral.runtime.links.table import OPERATIONS

    assert OPERATIONS["health"].path == "/readyz"
    assert "/healthz" in (ROOT / "raftoral" / "runtime" / "links" / "http" / "app.py").read_text("utf-8")
