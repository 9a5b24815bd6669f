"""The six tables as repositories; every write that decides something is conditional."""

from vto.adapters.dynamodb.admissions import DynamoAdmissions
from vto.adapters.dynamodb.budgets import DynamoBudgets
from vto.adapters.dynamodb.catalogue import DynamoCatalogue, catalogue_to_item, item_to_catalogue
from vto.adapters.dynamodb.connections import DynamoConnections
from vto.adapters.dynamodb.controls import DynamoControls
from vto.adapters.dynamodb.erasures import DynamoErasures
from vto.adapters.dynamodb.guests import DynamoGuests
from vto.adapters.dynamodb.jobs import DynamoJobs, item_to_job, job_to_item
from vto.adapters.dynamodb.operations import DynamoOperations
from vto.adapters.dynamodb.products import DynamoProducts
from vto.adapters.dynamodb.results import DynamoResults

__all__ = [
    "DynamoAdmissions",
    "DynamoBudgets",
    "DynamoCatalogue",
    "DynamoConnections",
    "DynamoControls",
    "DynamoErasures",
    "DynamoGuests",
    "DynamoJobs",
    "DynamoOperations",
    "DynamoProducts",
    "DynamoResults",
    "catalogue_to_item",
    "item_to_catalogue",
    "item_to_job",
    "job_to_item",
]
