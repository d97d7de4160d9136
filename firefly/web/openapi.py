"""The OpenAPI document, made from the route table that really answers and the schemas that really check."""

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from firefly import __version__

from .routing import PREFIX, Operation
from .schemas import WorkspaceQuery

REF = "#/components/schemas/{model}"
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `type` never changes, `detail` says what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "field": {"type": "string"},
    },
}
_PARAMETER = re.compile(r"{(\w+)(?::[^}]*)?}")


def openapi(operations: Iterable[Operation]) -> dict[str, Any]:
    listed = tuple(operations)
    references, definitions = _schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        path = paths.setdefault(plain_path(operation.path), {})
        path[operation.method.lower()] = _describe(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Firefly", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in listed)],
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Problem": PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def openapi_document(operations: Iterable[Operation]) -> bytes:
    return json.dumps(openapi(operations)).encode()


def plain_path(path: str) -> str:
    """Without the expressions that the router needs: `{path:.*}` is `{path}`."""
    return _PARAMETER.sub(r"{\1}", path)


def _schemas(operations: tuple[Operation, ...]) -> tuple[dict[Any, Any], dict[str, Any]]:
    wanted: list[tuple[type[BaseModel], Any]] = [(op.body, "validation") for op in operations if op.body]
    wanted += [(op.query, "validation") for op in operations if op.query]
    wanted += [(op.answer, "serialization") for op in operations if op.answer]
    return models_json_schema(list(dict.fromkeys(wanted)), ref_template=REF)


def _describe(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": operation_id(operation),
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation, references),
    }
    if operation.body or operation.upload:
        described["requestBody"] = {"required": True, "content": _request_content(operation, references)}
    if operation.public:
        described["security"] = [{"token": []}, {}]
    return described


def operation_id(operation: Operation) -> str:
    words = [word for word in re.split(r"[^a-z]+", plain_path(operation.path)) if word]
    return "_".join((operation.method.lower(), *words))


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = _PARAMETER.findall(operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    queries = (operation.query, WorkspaceQuery if operation.in_workspace else None)
    return [parameter for query in queries if query is not None for parameter in _parameters_of(query)]


def _parameters_of(query: type[BaseModel]) -> list[dict[str, Any]]:
    schema = query.model_json_schema(ref_template=REF)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema["properties"].items()
    ]


def _request_content(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.body:
        content["application/json"] = {"schema": references[(operation.body, "validation")]}
    if operation.upload:
        content[operation.upload] = {"schema": {"type": "string", "contentMediaType": operation.upload}}
    return content


def _responses(operation: Operation, references: dict[Any, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done."}
    if operation.answer:
        good["content"] = {"application/json": {"schema": references[(operation.answer, "serialization")]}}
    elif operation.media:
        good["content"] = {operation.media: {"schema": {"type": "string"}}}
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    return {
        str(operation.status): good,
        "default": {"description": "What went wrong, and what to do.", "content": problem},
    }
