"""What the internal edge tells of the installation itself: catalog, projections, work in the background."""

from marshmallow import Schema, fields

from contracts.http import shapes


class DialectCoverageSchema(Schema):
    """How much of a legacy server's routes a dialect answers."""

    dialect = fields.String(required=True)
    replaces = fields.String(required=True)
    covered = fields.Integer(required=True)
    known = fields.Integer(required=True)
    missing = fields.List(fields.String(), required=True)


class PartStateSchema(Schema):
    """A part as its supervisor sees it."""

    ready = fields.Boolean(required=True)
    pid = fields.Integer(required=True, allow_none=True)
    restarts = fields.Integer(required=True)
    port = fields.Integer(required=True, allow_none=True)


class ServiceSchema(Schema):
    """A part: what it is for, how one gets in, what it does without being asked."""

    part = fields.String(required=True)
    runtime = fields.String(required=True)
    purpose = fields.String(required=True)
    surfaces = fields.List(fields.String(), required=True)
    background = fields.List(fields.String(), required=True)
    legacy = fields.List(fields.Nested(DialectCoverageSchema), required=True)
    state = fields.Nested(
        PartStateSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where no supervisor of ours runs it"},
    )
    build = fields.String(required=True)


class ReplacedServiceSchema(Schema):
    """A service of the old system, and how far it is taken over."""

    service = fields.String(required=True)
    runtime = fields.String(required=True)
    purpose = fields.String(required=True)
    taken_over_by = fields.List(fields.String(), required=True)
    standing = shapes.one_of("built", "partly", "not yet", required=True)
    missing = fields.List(fields.String(), required=True)


class CatalogSchema(Schema):
    """What runs here and why; ``mistakes``: of dialects that cannot be spoken."""

    version = fields.String(required=True)
    running = fields.Boolean(required=True)
    services = fields.List(fields.Nested(ServiceSchema), required=True)
    replaced = fields.List(fields.Nested(ReplacedServiceSchema), required=True)
    mistakes = fields.List(fields.String(), required=True)


class ProjectionSchema(Schema):
    """How far a read model has come. ``live``: false for a rebuild that is not swapped in."""

    brand_id = fields.String(required=True)
    projection = fields.String(required=True)
    generation = fields.Integer(required=True)
    live = fields.Boolean(required=True)
    status = shapes.one_of("running", "stopped", required=True)
    position = fields.Integer(required=True)
    log_position = fields.Integer(required=True)
    lag_events = fields.Integer(required=True)
    lag_seconds = fields.Float(
        required=True, metadata={"description": "How long the first event not applied has been waiting"}
    )
    failed_position = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of the event that cannot be applied"}
    )
    error = fields.String(required=True, allow_none=True)


class ProjectionsSchema(Schema):
    """Every read model of every brand."""

    projections = fields.List(fields.Nested(ProjectionSchema), required=True)


class OutboxSchema(Schema):
    """Commands that projections react with, until the ledger has answered them."""

    unanswered = fields.Integer(required=True)
    oldest_at = shapes.moment(required=True, allow_none=True)


class TimersSchema(Schema):
    """Commands that wait for their time."""

    due = fields.Integer(required=True, metadata={"description": "Their time has come"})
    next_at = shapes.moment(required=True, allow_none=True)


class BrandWorkersSchema(Schema):
    """What waits for one brand."""

    brand_id = fields.String(required=True)
    outbox = fields.Nested(OutboxSchema, required=True)
    timers = fields.Nested(TimersSchema, required=True)


class WorkersSchema(Schema):
    """What waits in the background, by brand."""

    workers = fields.List(fields.Nested(BrandWorkersSchema), required=True)
