"""Make kubeconform's schemas of the kinds that the chart renders: `make_schemas.py OPENAPI.json OUT CRDS.json...`.

OPENAPI.json is what `go run ./openapi` writes (Kubernetes 1.36.3, with its enumerations), each CRDS.json a custom
resource definition as `yaml2json` reads it: of gateway-api 1.4.0 (config/crd/standard), KEDA 2.18.0 (config/crd/bases)
and prometheus-operator 0.85.0 (example/prometheus-operator-crd), each out of its Go module. A field that a schema does
not know is an error.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KINDS = {
    "io.k8s.api.core.v1": ("v1", ("ConfigMap", "Pod", "Service", "ServiceAccount")),
    "io.k8s.api.apps.v1": ("apps/v1", ("StatefulSet",)),
    "io.k8s.api.batch.v1": ("batch/v1", ("Job",)),
    "io.k8s.api.autoscaling.v2": ("autoscaling/v2", ("HorizontalPodAutoscaler",)),
    "io.k8s.api.networking.v1": ("networking.k8s.io/v1", ("Ingress", "NetworkPolicy")),
    "io.k8s.api.policy.v1": ("policy/v1", ("PodDisruptionBudget",)),
}
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
TEXT_OR_NUMBER = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ["string", "integer", "null"],
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ["string", "number", "null"],
}
NAMED = ("properties", "definitions", "patternProperties")  # what is below has names of its own
LEFT_OUT = ("description", "default", "nullable", "format")
OPEN = "x-kubernetes-preserve-unknown-fields"
Schema = dict[str, Any]


def strict(schema: Any, *, top: bool = False) -> Any:
    """Refuse fields that are not named; let null stand for what is left out."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer", "null"]}
    kept = {
        key: {name: strict(below) for name, below in value.items()}
        if key in NAMED
        else strict(value)
        for key, value in schema.items()
        if not key.startswith("x-kubernetes") and key not in LEFT_OUT
    }
    if "properties" in schema and "additionalProperties" not in schema and not schema.get(OPEN):
        kept["additionalProperties"] = False
    if isinstance(kept.get("type"), str) and not top and "enum" not in kept:
        kept["type"] = [kept["type"], "null"]
    if schema.get("x-kubernetes-embedded-resource"):
        kept.pop("additionalProperties", None)
    return kept


def referred(schema: Any) -> Iterator[str]:
    """Names of the definitions that a schema refers to itself."""
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for below in schema.values():
            yield from referred(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from referred(below)


def needed(schema: Schema, definitions: dict[str, Schema]) -> dict[str, Schema]:
    """All definitions that a schema needs."""
    found: dict[str, Schema] = {}
    waiting = list(referred(schema))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += referred(definitions[name])
    return dict(sorted(found.items()))


def save(
    out: Path, kind: str, version: str, schema: Schema, definitions: dict[str, Schema]
) -> None:
    """Write `<kind>-<first word of the group>-<version>.json`, as kubeconform asks for it."""
    group, _, number = version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.partition(".")[0], number) if part)
    told = {"apiVersion": {"const": version}, "kind": {"const": kind}}
    whole = {**schema, "type": "object", "properties": {**schema["properties"], **told}}
    whole["required"] = sorted({*schema.get("required", ()), "apiVersion", "kind", "metadata"})
    whole["definitions"] = needed(whole, definitions)
    path = out / f"{name}.json"
    path.write_text(json.dumps(whole, separators=(",", ":"), sort_keys=True) + "\n")


def main(openapi: str, out: str, *custom: str) -> None:
    """Write all schemas."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    definitions = {
        name: strict(schema)
        for name, schema in json.loads(Path(openapi).read_text())["definitions"].items()
    }
    for name, types in TEXT_OR_NUMBER.items():
        definitions[name] = {"type": types}
    for package, (version, kinds) in KINDS.items():
        for kind in kinds:
            save(folder, kind, version, definitions[f"{package}.{kind}"], definitions)
    for path in custom:
        for document in json.loads(Path(path).read_text()):
            spec = document["spec"]
            for version in spec["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"], top=True)
                schema["properties"]["metadata"] = {"$ref": f"#/definitions/{META}"}
                full = f"{spec['group']}/{version['name']}"
                save(folder, spec["names"]["kind"], full, schema, definitions)


if __name__ == "__main__":
    main(*sys.argv[1:])
