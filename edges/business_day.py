"""The brand's business day: the calendar day in its own time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.brand_settings import BrandSettings


def business_day(settings: BrandSettings, moment: datetime) -> str:
    """The day (ISO) that a moment (aware) belongs to."""
    return moment.astimezone(ZoneInfo(settings.time_zone)).date().isoformat()
