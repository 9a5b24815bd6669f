"""The client's types name what the stack answers with: no field is missing from them, and none is made up."""

import json
from typing import Any, get_type_hints

import pytest
import yaml

from scripts.facts import ROOT
from vto_client import documents

SCHEMAS = ROOT / "layers" / "vto" / "vto" / "schemas"
SPEC = ROOT / "docs" / "openapi.yaml"
