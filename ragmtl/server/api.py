"""The API for programs: what is asked comes as JSON, what is answered goes as JSON; `/openapi.json` describes both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from ragmtl import __version__
from ragmtl.predict import Choices
from ragmtl.prediction import Prediction, Score
from ragmtl.server.around import Around, Entity, between, entity, neighbourhood
from ragmtl.server.asked import LONGEST_IRI, PredictAsked, RecommendAsked, RetrieveAsked, RunName, WhyAsked
from ragmtl.server.opened import Opened
from ragmtl.server.plain import as_json
from ragmtl.server.problems import Problem, problem
from ragmtl.server.service import Service
from ragmtl.trust.why import Why

_REFUSED = {401: "no token", 403: "another origin", 413: "too large", 421: "another host", 422: "not as described"}
_LATE = {503: "too many requests wait", 504: "no answer in time"}

Typed = Annotated[str, Query(max_length=200, description="How the name of an entity, or a word in it, begins.")]
IriAsked = Annotated[str, Query(min_length=1, max_length=LONGEST_IRI)]
RunAsked = Annotated[RunName, Query()]


class Recommended(BaseModel):
    """The best items, best first."""

    items: list[Score]


class Health(BaseModel):
    """That the server runs, and of which version of ragmtl."""

    status: str
    version: str


class RunState(BaseModel):
    """A run that is served."""

    name: str
    tasks: list[str]
    graph: str


class Ready(BaseModel):
    """The runs that are open."""

    status: str
    runs: list[RunState]


class Reloaded(BaseModel):
    """What became of runs that were opened again."""

    problems: list[str]


def _responses(*kinds: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": text, "model": Problem, "content": content}
        for one in kinds
        for status, text in one.items()
    }


def api(service: Service) -> APIRouter:
    """The routes of the API."""
    router = APIRouter(responses=_responses(_REFUSED))
    _add_answers(router, service)
    _add_graph(router, service)
    _add_state(router, service)
    return router


def _add_answers(router: APIRouter, service: Service) -> None:
    late = _responses(_LATE)

    @router.post("/predict", response_model=Prediction, responses=late)
    async def predict(asked: PredictAsked) -> Response:
        """Answer every task, or some, with the evidence and how much of it counted."""
        return as_json(await service.predict(asked.run, asked.query(), asked.choices()))

    @router.post("/recommend", response_model=Recommended, responses=late)
    async def recommend(asked: RecommendAsked) -> Response:
        """Rank all items but those met."""
        scores = await service.recommend(asked.run, (asked.items, asked.text, asked.task), asked.top)
        return as_json({"items": scores})

    @router.post("/retrieve", response_model=Prediction, responses=late)
    async def retrieve(asked: RetrieveAsked) -> Response:
        """Retrieve evidence, without an answer."""
        choices = Choices(passages=asked.passages, nodes=asked.nodes)
        return as_json(await service.retrieve(asked.run, asked.query(), choices))

    @router.post("/why", response_model=Why, responses=late)
    async def why(asked: WhyAsked) -> Response:
        """Ask for one answer of a task, given or not, and see what speaks for and against it."""
        choices = Choices(frozenset({asked.task}), asked.passages, asked.nodes)
        return as_json(await service.why(asked.run, asked.query(), choices, asked.answer))


def _add_graph(router: APIRouter, service: Service) -> None:
    @router.get("/entities")
    def entities(q: Typed, limit: Annotated[int, Query(ge=1, le=50)] = 10, run: RunAsked = None) -> list[Entity]:
        """Complete the name of an entity."""
        opened = service.run(run)
        graph = opened.predictor.index.graph
        return [entity(graph, node, opened.predictor.hidden) for node in opened.completion.find(q, limit)]

    @router.get("/neighbours")
    def neighbours(iri: IriAsked, run: RunAsked = None) -> Around:
        """The triples around an entity."""
        return neighbourhood(*_graph(service.run(run), iri))

    @router.get("/paths")
    def paths(start: IriAsked, end: IriAsked, run: RunAsked = None) -> Around:
        """The shortest paths between two entities."""
        opened = service.run(run)
        return between(opened.predictor.index.graph, start, end, opened.predictor.hidden)


def _graph(opened: Opened, iri: str) -> tuple[Any, str, frozenset[int]]:
    return opened.predictor.index.graph, iri, opened.predictor.hidden


def _add_state(router: APIRouter, service: Service) -> None:
    @router.get("/health")
    async def health() -> Health:
        """Whether the server runs."""
        return Health(status="running", version=__version__)

    @router.get("/ready", response_model=Ready, responses=_responses({503: "the runs are being opened"}))
    async def ready() -> Response:
        """Whether every run is open, and which tasks each has."""
        if not service.ready:
            return problem(503, "expected every run to be open; some are being opened")
        states = [
            RunState(name=one.name, tasks=list(one.predictor.tasks), graph=one.predictor.index.graph.digest)
            for one in service.opened
        ]
        return as_json(Ready(status="ready", runs=states).model_dump())

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.post("/reload")
    async def reload() -> Reloaded:
        """Open every run again, and exchange it without dropping a request."""
        return Reloaded(problems=await service.reload())
