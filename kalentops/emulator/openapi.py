"""The emulator's description of itself, served at `/api/openapi.json`: OpenAPI 3.1 as data."""

from typing import Any

from kalentops.emulator.openapi_schemas import CREATE_EXAMPLE, SCHEMAS, UPDATE_EXAMPLE

_FAILURES = {
    "400": "`validation_error`; `details.issues` holds each `path` and `message`",
    "401": "`missing_api_key` or `invalid_api_key`",
    "403": "`forbidden`",
    "404": "`not_found`",
    "500": "`internal_error`",
}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _success(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    data = {"type": "object", "required": list(properties), "properties": properties}
    envelope = {
        "type": "object",
        "required": ["success", "data"],
        "properties": {"success": {"const": True}, "data": data},
    }
    return {"description": description, "content": {"application/json": {"schema": envelope}}}


def _failures(*statuses: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref("Failure")}}
    return {status: {"description": _FAILURES[status], "content": content} for status in statuses}


def _body(schema: str, example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": _ref(schema), "example": example}
    return {"required": True, "content": {"application/json": content}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _paging(size: int) -> list[dict[str, Any]]:
    return [
        _in_query("page", {"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0}),
        _in_query("pageSize", {"type": "integer", "minimum": 1, "maximum": 50, "default": size}),
    ]


_TEXT = {"type": "string"}
_CREATE = {
    "operationId": "createSequenceBlueprint",
    "summary": "Create a sequence blueprint; two equal requests make two",
    "parameters": [_in_path("sourcingId")],
    "requestBody": _body("CreateSequenceBlueprint", CREATE_EXAMPLE),
    "responses": {
        "201": _success("Created", {"blueprintId": _TEXT, "name": _TEXT, "sourcingId": _TEXT}),
        **_failures("400", "401", "404", "500"),
    },
}
_LIST = {
    "operationId": "listSequenceBlueprints",
    "summary": "List the blueprints of a sourcing in order of creation",
    "parameters": [_in_path("sourcingId"), *_paging(20)],
    "responses": {
        "200": _success(
            "One page",
            {
                "sequenceBlueprints": {"type": "array", "items": _ref("ListedSequenceBlueprint")},
                "pagination": _ref("Pagination"),
            },
        ),
        **_failures("400", "401", "404", "500"),
    },
}
_UPDATE = {
    "operationId": "updateSequenceBlueprint",
    "summary": "Replace what is sent; `steps` replaces the whole list",
    "parameters": [_in_path("blueprintId")],
    "requestBody": _body("UpdateSequenceBlueprint", UPDATE_EXAMPLE),
    "responses": {
        "200": _success("Updated", {"blueprintId": _TEXT}),
        **_failures("400", "401", "404", "500"),
    },
}
_LIST_SOURCINGS = {
    "operationId": "listSourcings",
    "summary": "List sourcings",
    "parameters": [
        *_paging(8),
        _in_query("ownership", {"enum": ["mine", "all"], "default": "mine"}),
        _in_query("status", {"enum": ["in-progress", "closed"], "default": "in-progress"}),
    ],
    "responses": {
        "200": _success(
            "One page",
            {
                "sourcings": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["sourcingId", "name"],
                        "properties": {"sourcingId": _TEXT, "name": _TEXT},
                    },
                },
                "pagination": _ref("Pagination"),
            },
        ),
        **_failures("400", "401", "500"),
    },
}
_START = {
    "operationId": "startSequenceBlueprint",
    "summary": "Always refused here: the real one sends messages to people",
    "parameters": [_in_path("blueprintId")],
    "responses": _failures("401", "403", "500"),
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Kalent API, local stand-in",
        "version": "1",
        "description": "The part of the Kalent API that kalentops uses, as far as its documentation tells.",
    },
    "servers": [{"url": "/api"}],
    "security": [{"apiKey": []}],
    "paths": {
        "/v1/sourcings": {"get": _LIST_SOURCINGS},
        "/v1/sourcings/{sourcingId}/sequence-blueprints": {"get": _LIST, "post": _CREATE},
        "/v1/sequence-blueprints/{blueprintId}": {"patch": _UPDATE},
        "/v1/sequence-blueprints/{blueprintId}/start": {"post": _START},
    },
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
    },
}
