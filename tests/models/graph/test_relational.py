from __future__ import annotations

from dataclasses import replace

import torch

from ragmtl.models.graph.messages import both_ways
from ragmtl.models.graph.network import GraphNetwork
from ragmtl.models.graph.relational import RelationalLayer, relational
from tests.laws.graphs import run, subgraphs


def gnn(layers: int = 1) -> GraphNetwork:
    torch.manual_seed(0)
    network = relational(8, 3, layers=layers, heads=2)
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return network.eval()


def test_every_edge_sends_both_ways() -> None:
    weighted = replace(subgraphs(3, [[0, 1], [2, 0]], [2, 0]), weights=torch.tensor([0.5, 1.0]))
    messages = both_ways(weighted, relations=3)
    sent = zip(messages.senders, messages.receivers, messages.relations, messages.weights, strict=True)
    assert {tuple(float(part) for part in message) for message in sent} == {
        (0, 1, 2, 0.5),
        (1, 0, 6, 0.5),
        (2, 0, 0, 1.0),
        (0, 2, 4, 1.0),
    }
    assert messages.receivers.tolist() == sorted(messages.receivers.tolist())


def test_unknown_relations_are_one_other_relation() -> None:
    nodes = torch.randn(2, 8)
    outputs = [run(gnn(), nodes, [[0, 1]], [relation]) for relation in (3, 4, 99, -1)]
    for output in outputs[1:]:
        assert torch.equal(output, outputs[0])
    assert not torch.allclose(outputs[0], run(gnn(), nodes, [[0, 1]], [2]))


def test_relation_and_direction_matter() -> None:
    nodes = torch.randn(2, 8)
    plain = run(gnn(), nodes, [[0, 1]], [0])
    assert not torch.allclose(plain, run(gnn(), nodes, [[0, 1]], [1]), atol=1e-3)
    assert not torch.allclose(plain, run(gnn(), nodes, [[1, 0]], [0]), atol=1e-3)


def test_messages_reach_as_far_as_there_are_layers() -> None:
    nodes, chain = torch.randn(4, 8), [[0, 1], [1, 2], [2, 3]]
    changed = nodes + torch.tensor([1.0, 0, 0, 0]).unsqueeze(1) * torch.randn(8)
    for layers in (1, 2, 3):
        network = gnn(layers)
        moved = (run(network, changed, chain, [0, 0, 0]) - run(network, nodes, chain, [0, 0, 0])).abs().amax(1) > 1e-6
        assert moved.tolist() == [place <= layers for place in range(4)]


def test_weights_of_messages_follow_the_relation() -> None:
    """With a very salient relation, the other neighbours are as good as absent."""
    network, nodes = gnn(), torch.randn(3, 8)
    layer = network.layers[0]
    assert isinstance(layer, RelationalLayer)
    layer.salience.data[1] = 50.0
    both = run(network, nodes, [[1, 0], [2, 0]], [0, 1])
    torch.testing.assert_close(both[0], run(network, nodes, [[2, 0]], [1])[0])


def test_nodes_outside_of_the_mask_send_nothing() -> None:
    network, nodes = gnn(2), torch.randn(3, 8)
    whole = subgraphs(3, [[0, 1], [1, 2]], [0, 1])
    masked = network(nodes, replace(whole, mask=torch.tensor([True, True, False])))
    torch.testing.assert_close(masked[:2], run(network, nodes, [[0, 1]], [0])[:2])


def test_no_edges_and_no_nodes() -> None:
    assert run(gnn(2), torch.randn(3, 8), [], []).isfinite().all()
    assert run(gnn(2), torch.zeros(0, 8), [], []).shape == (0, 8)
