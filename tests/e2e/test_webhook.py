"""The shop's own server hears of a try-on that ended, also when it could not listen at first."""

from standardwebhooks import Webhook

from local.shopper import Shopper
from tests.e2e.conftest import World, eventually


def test_the_shop_hears_of_an_end_until_it_has_taken_it_and_knows_who_told(world: World, ada: Shopper) -> None:
    world.shop.refusals[:] = [503]
    job = ada.try_on(**world.request())

    first, second = eventually(lambda: (told := world.shop.told_of(job["id"]))[1:] and told, timeout=30)

    secret = world.client("secretsmanager").get_secret_value(SecretId=world.endpoints.outputs["WebhookSecretArn"])
    message = Webhook(secret["SecretString"]).verify(second.body, dict(second.headers))
    assert message["type"] == "try_on.completed"
    assert message["data"] == {
        "job_id": job["id"],
        "request_id": job["request_id"],
        "seq": job["seq"],
        "status": "completed",
        "error_code": None,
    }
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == f"{job['id']}-{job['seq']}"
    assert first.body == second.body
