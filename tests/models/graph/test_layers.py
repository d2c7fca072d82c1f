"""What every graph network must obey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ragmtl.models.graph.gat import GATLayer
from ragmtl.models.graph.hgt import HGTLayer
from ragmtl.models.graph.messages import Subgraphs
from ragmtl.models.graph.network import GraphLayer, GraphNetwork, directed
from ragmtl.models.graph.query import QueryLayer
from ragmtl.models.graph.relational import RelationalLayer
from ragmtl.models.graph.rgcn import RGCNLayer
from ragmtl.models.graph.sage import SAGELayer
from tests.laws.evidence import assert_gradients_finite, assert_same
from tests.laws.graphs import run, subgraphs

DIM, RELATIONS, TYPES = 8, 3, 4
LAYERS: dict[str, Callable[[], GraphLayer]] = {
    "relational": lambda: RelationalLayer(DIM, directed(RELATIONS), 2, 0.0),
    "rgcn": lambda: RGCNLayer(DIM, directed(RELATIONS), 3, 0.0),
    "gat": lambda: GATLayer(DIM, directed(RELATIONS), 2, 0.0),
    "sage": lambda: SAGELayer(DIM, directed(RELATIONS), 0.0),
    "hgt": lambda: HGTLayer(DIM, directed(RELATIONS), TYPES, 2, bases=3, dropout=0.0),
    "query": lambda: QueryLayer(DIM, directed(RELATIONS), 2, 0.0),
}
Make = Callable[[int], GraphNetwork]


@pytest.fixture(params=LAYERS)
def gnn(request: pytest.FixtureRequest) -> Make:
    def make(rounds: int) -> GraphNetwork:
        torch.manual_seed(0)
        network = GraphNetwork(DIM, RELATIONS, (LAYERS[request.param]() for _ in range(rounds)))
        for parameter in network.parameters():  # parts that start at zero must not hide anything
            parameter.data += 0.3 * torch.randn_like(parameter)
        return network.eval()

    return make


def random_graphs(examples: int = 2, nodes: int = 5, triples: int = 8) -> Subgraphs:
    """Subgraphs of several examples, with unknown relations and types among the others."""
    torch.manual_seed(1)
    example = torch.arange(examples).repeat_interleave(nodes)
    first = torch.arange(examples).repeat_interleave(triples) * nodes
    return Subgraphs(
        edges=torch.randint(nodes, (2, examples * triples)) + first,
        relations=torch.randint(-1, RELATIONS + 2, (examples * triples,)),
        weights=torch.rand(examples * triples),
        mask=torch.ones(examples * nodes, dtype=torch.bool),
        types=torch.randint(-1, TYPES + 2, (examples * nodes,)),
        example=example,
        query=torch.randn(examples, DIM),
    )


def test_the_order_of_nodes_and_triples_never_matters(gnn: Make) -> None:
    graphs, nodes = random_graphs(examples=1), torch.randn(5, DIM)
    order, triples = torch.randperm(5), torch.randperm(8)
    moved = replace(
        graphs,
        edges=torch.argsort(order)[graphs.edges[:, triples]],
        relations=graphs.relations[triples],
        weights=graphs.weights[triples],
        types=graphs.types[order],
    )
    assert_same(gnn(2)(nodes[order], moved), gnn(2)(nodes, graphs)[order])


def test_subgraphs_do_not_mix(gnn: Make) -> None:
    graphs, nodes = random_graphs(), torch.randn(10, DIM)
    alone = Subgraphs(
        edges=graphs.edges[:, :8],
        relations=graphs.relations[:8],
        weights=graphs.weights[:8],
        mask=graphs.mask[:5],
        types=graphs.types[:5],
        example=graphs.example[:5],
        query=graphs.query[:1],
    )
    assert_same(gnn(2)(nodes, graphs)[:5], gnn(2)(nodes[:5], alone))


def test_nodes_outside_of_the_mask_are_as_absent(gnn: Make) -> None:
    nodes, whole = torch.randn(3, DIM), subgraphs(3, [[0, 1], [1, 2], [2, 0]], [0, 1, 2])
    masked = gnn(2)(nodes, replace(whole, mask=torch.tensor([True, True, False])))
    assert_same(masked[:2], run(gnn(2), nodes[:2], [[0, 1]], [0]))


def test_unknown_relations_are_one_other_relation(gnn: Make) -> None:
    nodes = torch.randn(2, DIM)
    outputs = [run(gnn(1), nodes, [[0, 1]], [relation]) for relation in (3, 4, 99, -1)]
    for output in outputs[1:]:
        assert torch.equal(output, outputs[0])
    assert not torch.allclose(outputs[0], run(gnn(1), nodes, [[0, 1]], [2]))


def test_relation_and_direction_matter(gnn: Make) -> None:
    nodes, triple = torch.randn(2, DIM), [[0, 1]]
    plain = run(gnn(1), nodes, triple, [0])
    assert not torch.allclose(plain, run(gnn(1), nodes, triple, [1]), atol=1e-3)
    assert not torch.allclose(plain, run(gnn(1), nodes, [[1, 0]], [0]), atol=1e-3)


def test_weights_of_triples_matter(gnn: Make) -> None:
    nodes, whole = torch.randn(3, DIM), subgraphs(3, [[1, 0], [2, 0]], [0, 0])
    found = [gnn(1)(nodes, replace(whole, weights=torch.tensor(weights)))[0] for weights in ([1.0, 0.2], [0.2, 1.0])]
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_messages_reach_as_far_as_there_are_layers(gnn: Make) -> None:
    nodes, chain = torch.randn(4, DIM), [[0, 1], [1, 2], [2, 3]]
    changed = nodes + torch.tensor([1.0, 0, 0, 0]).unsqueeze(1) * torch.randn(DIM)
    for rounds in (1, 2, 3):
        both = [run(gnn(rounds), one, chain, [0, 0, 0]) for one in (changed, nodes)]
        assert ((both[0] - both[1]).abs().amax(1) > 1e-7).tolist() == [place <= rounds for place in range(4)]


def test_no_edges_and_no_nodes(gnn: Make) -> None:
    assert run(gnn(2), torch.randn(3, DIM), [], []).isfinite().all()
    assert run(gnn(2), torch.zeros(0, DIM), [], []).shape == (0, DIM)


def test_triples_without_weight_do_no_harm(gnn: Make) -> None:
    silent = replace(subgraphs(2, [[0, 1]], [0]), weights=torch.zeros(1))
    assert gnn(1)(torch.randn(2, DIM), silent).isfinite().all()


def test_gradients_are_finite_and_reach_every_weight(gnn: Make) -> None:
    network, graphs, nodes = gnn(2), random_graphs(), torch.randn(10, DIM)
    assert_gradients_finite(network, lambda: network(nodes, graphs))
    assert not [name for name, one in network.named_parameters() if one.grad is None or not one.grad.any()]


def test_only_one_network_reads_the_query() -> None:
    graphs, nodes = random_graphs(), torch.randn(10, DIM)
    for name, layer in LAYERS.items():
        network = GraphNetwork(DIM, RELATIONS, [layer()])
        found = [network(nodes, replace(graphs, query=query)) for query in (graphs.query, -graphs.query)]
        assert network.reads_query == (name == "query")
        assert torch.allclose(found[0], found[1]) == (name != "query")


def test_types_tell_nodes_apart_in_hgt() -> None:
    graphs, nodes = random_graphs(), torch.randn(10, DIM)
    network = GraphNetwork(DIM, RELATIONS, [LAYERS["hgt"]()])
    unknown, other = (network(nodes, replace(graphs, types=torch.full((10,), one))) for one in (TYPES, 0))
    assert torch.equal(unknown, other)
    assert not torch.allclose(other, network(nodes, replace(graphs, types=torch.full((10,), 1))), atol=1e-3)


def asked_of_the_graph(choice: str) -> float:
    """Accuracy where each example asks for the neighbour of one of two relations, and only the seed is looked at."""
    torch.manual_seed(0)
    count = 128
    asked, truth = torch.randint(2, (count,)), torch.randint(2, (count, 2))
    kinds = torch.tensor([[1.0] + [0.0] * 7, [0.0, 1.0] + [0.0] * 6])
    nodes = torch.stack([torch.zeros(count, DIM), kinds[truth[:, 0]], kinds[truth[:, 1]]], 1).flatten(0, 1)
    seeds = torch.arange(count) * 3
    graphs = Subgraphs(
        edges=torch.stack([seeds.repeat(2), torch.cat([seeds + 1, seeds + 2])]),
        relations=torch.arange(2).repeat_interleave(count),
        weights=torch.ones(2 * count),
        mask=torch.ones(3 * count, dtype=torch.bool),
        types=torch.zeros(3 * count, dtype=torch.long),
        example=torch.arange(count).repeat_interleave(3),
        query=nn.functional.one_hot(asked, DIM).float(),
    )
    network, head = GraphNetwork(DIM, RELATIONS, [LAYERS[choice]()]), nn.Linear(DIM, 2)
    optimiser = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=0.02)
    label = truth.gather(1, asked.unsqueeze(1)).squeeze(1)

    def answer() -> Tensor:
        logits: Tensor = head(network(nodes, graphs)[seeds])
        return logits

    for _ in range(150):
        optimiser.zero_grad()
        nn.functional.cross_entropy(answer(), label).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return (answer().argmax(1) == label).float().mean().item()


def test_a_question_about_a_relation_is_answered_only_by_the_network_that_reads_it() -> None:
    assert asked_of_the_graph("query") > 0.97
    assert asked_of_the_graph("relational") < 0.85
