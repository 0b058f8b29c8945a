"""The tracking contract of ``eventsourcing`` over our table of positions.

The contract: a projection's place in an upstream application's log is recorded with the rows it produced, only ever
forwards, and the same place never twice. Here the upstream application is a brand (its id is the application's name),
the notification id is the position, and ``live`` generation rows hold the place. The runner keeps the contract with
``positions.advance``, which is stricter: it also names the place that must have been recorded before, so nothing can be
left out. ``PositionRecorder`` offers the library's own interface to the same rows, for code that is written against it.
"""

from typing import Final

import psycopg
from eventsourcing.persistence import IntegrityError, OperationalError, Tracking, TrackingRecorder

INSERT_FIRST: Final = """
insert into projection_positions (brand_id, projection, generation, live)
select %(brand_id)s, %(projection)s, 0, true
where not exists (
    select from projection_positions where brand_id = %(brand_id)s and projection = %(projection)s and live
)
on conflict do nothing
"""

ADVANCE: Final = """
update projection_positions set position = %(position)s, updated_at = now()
where brand_id = %(brand_id)s and projection = %(projection)s and live and position < %(position)s
"""

SELECT_POSITION: Final = """
select position from projection_positions where brand_id = %s and projection = %s and live and position > 0
"""


class PositionRecorder(TrackingRecorder):
    """One projection's places in the logs of all brands, for threads (blocking)."""

    def __init__(self, conninfo: str, projection: str) -> None:
        """``conninfo`` is the projector role's."""
        self._conninfo = conninfo
        self._projection = projection

    def insert_tracking(self, tracking: Tracking) -> None:
        """Moves the place in the log of the brand ``application_name``.

        Raises the library's ``IntegrityError`` if it is not before ``notification_id``.
        """
        parameters = {
            "brand_id": tracking.application_name,
            "projection": self._projection,
            "position": tracking.notification_id,
        }
        with self._connect(tracking.application_name) as connection:
            connection.execute(INSERT_FIRST, parameters)
            moved = connection.execute(ADVANCE, parameters).rowcount
        if moved != 1:
            raise IntegrityError(f"position {tracking.notification_id} has been tracked already")

    def max_tracking_id(self, application_name: str) -> int | None:
        """The place in the log of the brand ``application_name``, None before its first event."""
        with self._connect(application_name) as connection:
            row = connection.execute(SELECT_POSITION, (application_name, self._projection)).fetchone()
        return int(row[0]) if row else None

    def _connect(self, brand_id: str) -> psycopg.Connection[tuple[int, ...]]:
        try:
            return psycopg.connect(self._conninfo, options=f"-c tongbo.brand_id={brand_id}")
        except psycopg.OperationalError as error:
            raise OperationalError(str(error)) from error
