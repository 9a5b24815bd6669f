"""The client's types name what the stack answers with: no field is missing from them, and none is made up."""

from scripts.facts import ROOT

SCHEMAS = ROOT / "layers" / "vto" / "vto" / "schemas"
SPEC = ROOT / "docs" / "openapi.yaml"
