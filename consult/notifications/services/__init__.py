"""Use cases of mail; each gets a session and `now`, and none commits."""

from consult.notifications.services.deliveries import (
    IN_FLIGHT,
    PAUSES,
    Render,
    pause,
    queue_delivery,
    send_due,
)

__all__ = ["IN_FLIGHT", "PAUSES", "Render", "pause", "queue_delivery", "send_due"]
