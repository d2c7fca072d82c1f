"use strict";
// Draws a subgraph. Text enters the page as text only (textContent), never as HTML. `actions` are buttons beside a node:
// {label, run(node, drawing)}; a page that is served has some, a file has none.
function drawGraph(data, actions = []) {
  const over = new AbortController();
  const listen = (target, kind, act) => target.addEventListener(kind, act, { signal: over.signal });
  const canvas = document.getElementById("canvas");
  const tip = document.getElementById("tip");
  const detail = document.getElementById("detail");
  const hint = detail.firstElementChild.cloneNode(true);
  document.querySelectorAll("#graph [hidden]").forEach((part) => { if (part !== tip) part.hidden = false; });

  const LABEL = 12.5;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const small = canvas.clientWidth < 560 || data.nodes.length > 80 ? 0.72 : 1;
  const size = (node) => small * ((node.seed ? 17 : 12) + 22 * Math.sqrt(node.share || 0));
  const width = (triple) => 1.2 + 4.5 * Math.min(Math.max(triple.weight || 0, 0), 1);
  const upright = canvas.clientHeight > canvas.clientWidth;

  const nodeElement = (node, i) => ({
    data: { id: "n" + i, label: node.label, at: i, base: size(node) },
    position: upright && !node.added ? { x: node.y, y: node.x } : { x: node.x, y: node.y },
    classes: node.seed ? "seed" : node.added ? "added" : "",
  });
  const tripleElement = (triple, i) => ({
    data: { id: "t" + i, source: "n" + triple.head, target: "n" + triple.tail, label: triple.label, at: i, base: width(triple),
      relation: triple.iri },
    classes: triple.added ? "added" : "",
  });
  const elements = [...data.nodes.map(nodeElement), ...data.triples.map(tripleElement)];
  const many = elements.length > 400;
  const cy = cytoscape({ container: canvas, elements, hideEdgesOnViewport: many, textureOnViewport: many, layout: { name: "preset" }, minZoom: 0.1, maxZoom: 4,
    selectionType: "single", autoungrabify: false, userZoomingEnabled: false, boxSelectionEnabled: false });

  // Sizes are those of the screen, whatever the zoom: zooming spreads the graph and makes room for labels.
  const scaled = (key) => (element) => element.data(key) / cy.zoom();
  const fixed = (pixels) => () => pixels / cy.zoom();
  const arrow = (edge) => {  // Cytoscape's arrows are 0.3 * max((13.37 * width) ** 0.9, 29) units long
    const across = edge.data("base") / cy.zoom();
    return (5 + 1.5 * edge.data("base")) / 0.3 / cy.zoom() / Math.max((13.37 * across) ** 0.9, 29);
  };
  // The most common relations have a colour each, told apart by hue; the others share one.
  const HUES = [212, 28, 150, 332, 265, 186, 58, 0];
  const counts = new Map();
  data.triples.forEach((triple) => counts.set(triple.iri, (counts.get(triple.iri) || 0) + 1));
  const coloured = new Map([...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, HUES.length)
    .map((iri, i) => [iri, HUES[i]]));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const tint = (iri) => coloured.has(iri) ? `hsl(${coloured.get(iri)}, ${dark.matches ? "48%, 62%" : "52%, 46%"})` : colour("edge");
  const tinted = (edge) => tint(edge.data("relation"));
  function style() {
    const ink = colour("ink"), paper = colour("card"), seed = colour("seed"), graph = colour("graph");
    cy.style([
      { selector: "node, edge", style: { "z-index-compare": "manual" } },
      { selector: "node", style: {
        width: scaled("base"), height: scaled("base"), "background-color": graph, "border-width": fixed(1.5), "border-color": paper,
        label: "data(label)", color: ink, "font-size": fixed(LABEL), "text-valign": "bottom", "text-margin-y": fixed(4),
        "text-wrap": "ellipsis", "text-max-width": fixed(150), "text-outline-color": paper, "text-outline-width": fixed(2.5),
        "font-family": getComputedStyle(document.body).fontFamily, "z-index": 2 } },
      { selector: "node.seed", style: { "background-color": seed, "border-width": fixed(2),
        "outline-width": fixed(2), "outline-color": seed, "font-weight": "bold", "z-index": 3 } },
      { selector: "node.added", style: { "background-color": paper, "border-color": graph } },
      { selector: "edge.added", style: { "line-style": "dashed" } },
      { selector: ".hidden", style: { display: "none" } },
      { selector: "node.above", style: { "text-valign": "top", "text-margin-y": fixed(-4) } },
      { selector: "node.right", style: { "text-valign": "center", "text-halign": "right", "text-margin-x": fixed(4), "text-margin-y": 0 } },
      { selector: "node.left", style: { "text-valign": "center", "text-halign": "left", "text-margin-x": fixed(-4), "text-margin-y": 0 } },
      { selector: "node.crowded", style: { "text-opacity": 0, "text-outline-width": 0 } },
      { selector: "edge", style: { width: scaled("base"), "line-color": tinted, "curve-style": many ? "straight" : "bezier",
        "control-point-step-size": fixed(34), "target-arrow-shape": "triangle", "target-arrow-color": tinted,
        "arrow-scale": arrow, opacity: many ? 0.35 : 0.75, "text-wrap": "ellipsis", "text-max-width": fixed(150), color: colour("soft"), "font-size": fixed(11), "text-outline-color": paper,
        "text-outline-width": fixed(2.5), "text-rotation": "autorotate", "font-family": getComputedStyle(document.body).fontFamily } },
      { selector: "edge.named", style: { label: "data(label)", color: ink } },
      { selector: ".faded", style: { opacity: 0.16 } },
      { selector: "edge.lit", style: { opacity: 1, "z-index": 4 } },
      { selector: "edge.path", style: { opacity: 1, "line-color": seed, "target-arrow-color": seed, "z-index": 5 } },
      { selector: "node.lit", style: { "text-opacity": 1, "text-outline-width": fixed(2.5), "font-weight": "bold", "z-index": 5 } },
      { selector: "node.held", style: { "border-color": ink, "border-style": "solid", "border-width": fixed(3) } },
      { selector: "node:active, edge:active", style: { "overlay-opacity": 0 } },
    ]);
  }

  // --- labels: as many as fit, the seeds' and the most attended first ------------------------------------------------
  let order = [];
  const sortNodes = () => { order = data.nodes.map((_, i) => i)
    .sort((a, b) => data.nodes[b].seed - data.nodes[a].seed || (data.nodes[b].share || 0) - (data.nodes[a].share || 0) || a - b); };
  sortNodes();
  function makeRoom() {
    const taken = [];
    const free = (box) => taken.every((other) => box.x1 >= other.x2 || box.x2 <= other.x1 || box.y1 >= other.y2 || box.y2 <= other.y1);
    const inside = ({ x, y }) => x > -50 && y > -50 && x < cy.width() + 50 && y < cy.height() + 50;
    const seen = order.filter((i) => inside(cy.$id("n" + i).renderedPosition()));
    for (const i of seen) {
      const at = cy.$id("n" + i).renderedPosition(), half = size(data.nodes[i]) / 2;
      taken.push({ x1: at.x - half, x2: at.x + half, y1: at.y - half, y2: at.y + half });
    }
    cy.batch(() => seen.forEach((i) => {
      const node = cy.$id("n" + i), at = node.renderedPosition(), half = size(data.nodes[i]) / 2;
      const across = Math.min(150, data.nodes[i].label.length * LABEL * 0.56 + 6) / 2;
      const below = { x1: at.x - across, x2: at.x + across, y1: at.y + half + 3, y2: at.y + half + 20 };
      const above = { ...below, y1: at.y - half - 20, y2: at.y - half - 3 };
      const right = { x1: at.x + half + 3, x2: at.x + half + 3 + 2 * across, y1: at.y - 9, y2: at.y + 9 };
      const left = { ...right, x1: at.x - half - 3 - 2 * across, x2: at.x - half - 3 };
      const box = [below, above, right, left].find((one) => one.x1 >= 0 && one.x2 <= cy.width() && free(one))
        || (data.nodes[i].seed ? below : undefined);  // a seed is named whatever stands around it
      if (box) taken.push(box);
      node.toggleClass("crowded", !box).toggleClass("above", box === above).toggleClass("right", box === right)
        .toggleClass("left", box === left);
    }));
  }
  function showAll() {
    cy.resize();
    for (let pass = 0; pass < 3; pass++) cy.fit(cy.elements(), 26);  // sizes depend on the zoom, so it settles
    if (cy.zoom() > 1.5) { cy.zoom(1.5); cy.center(); }
  }
  const zoom = (factor) => cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  let waiting = 0;
  const settle = () => { cy.style().update(); makeRoom(); };
  cy.on("zoom dragfree resize", () => {
    if (many) { clearTimeout(waiting); waiting = setTimeout(settle, 150); return; }  // sizes follow when the zoom has ended
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(settle);
  });

  // --- what is chosen and what it says ---------------------------------------------------------------------------------
  function make(tag, text, name) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    return element;
  }
  function linked(href, text) {
    if (!href) return make("span", text);  // Python decides what may be linked
    const link = make("a", text);
    link.href = href; link.target = "_blank"; link.rel = "noopener noreferrer";
    return link;
  }
  function facts(rows) {
    const list = make("dl");
    rows.forEach(([name, value]) => { const shown = make("dd"); shown.append(value); list.append(make("dt", name), shown); });
    return list;
  }
  const number = (weight) => (weight === null ? "none" : weight.toFixed(2));
  const sentence = (t) => `${data.nodes[t.head].label} \u2014 ${t.label} \u2192 ${data.nodes[t.tail].label}`;
  const place = (t) => t.graph || "default graph";

  function describeNode(i) {
    const node = data.nodes[i], list = make("ul"), title = make("h3", node.label);
    if (node.seed) title.append(" ", make("span", "seed", "tag seed"));
    data.triples.forEach((triple, t) => {
      if (triple.head !== i && triple.tail !== i) return;
      const item = make("li"), button = make("button", undefined, "plain");
      button.type = "button";
      if (triple.head === i) button.append(make("em", triple.label + " \u2192 "), data.nodes[triple.tail].label);
      else button.append(data.nodes[triple.head].label, make("em", " \u2014 " + triple.label + " \u2192 this"));
      button.addEventListener("click", () => hold(cy.$id("t" + t)));
      item.append(button); list.append(item);
    });
    const shown = [title, ...(node.description && node.description !== node.label ? [make("p", node.description)] : []),
      make("p", node.reason, "quiet"),
      facts([...(node.added ? [] : [["attention", node.attention], ["score", node.score]]), ["IRI", linked(node.href, node.iri)]])];
    const buttons = make("p", undefined, "actions");
    actions.forEach((action) => {
      const button = make("button", action.label);
      button.type = "button";
      button.addEventListener("click", () => action.run(node, drawing));
      buttons.append(button);
    });
    detail.replaceChildren(...shown, ...(actions.length ? [buttons] : []), ...(list.children.length ? [list] : []));
  }
  function describeTriple(i) {
    const triple = data.triples[i];
    detail.replaceChildren(make("h3", triple.label), make("p", sentence(triple)), facts([
      ...(triple.added ? [] : [["weight", number(triple.weight)]]), ["source file", make("code", triple.source)],
      ["named graph", triple.graph ? make("code", triple.graph) : make("span", "default graph", "quiet")],
      ["relation", linked(triple.href, triple.iri)]]));
  }
  // The relation is written along a line that is long enough for it, and always along the chosen one.
  const roomy = (edge) => {
    const from = edge.source().renderedPosition(), to = edge.target().renderedPosition();
    return Math.hypot(from.x - to.x, from.y - to.y) - (edge.source().data("base") + edge.target().data("base")) / 2
      > Math.min(150, edge.data("label").length * 5.6);
  };
  const about = (element) => element.isNode() ? element.closedNeighborhood() : element.union(element.connectedNodes());
  function light(element) {
    cy.batch(() => {
      cy.elements().removeClass("faded lit named held");
      if (element) {
        const near = about(element);
        cy.elements().not(near).addClass("faded");
        near.addClass("lit");
        if (near.edges().length <= data.few) near.edges().filter(roomy).addClass("named");
        element.addClass("held named");
      } else if (data.triples.length <= data.few) cy.edges().filter(roomy).addClass("named");
    });
    document.querySelectorAll("tr.lit").forEach((row) => row.classList.remove("lit"));
    if (element && element.isEdge()) rows[element.data("at")]?.classList.add("lit");
  }
  let held = null;
  let chosen = null;  // asked once for the next node that is chosen
  function hold(element) {
    if (chosen && element && element.isNode()) { const ask = chosen; chosen = null; ask(data.nodes[element.data("at")]); return; }
    chosen = null;
    cy.edges(".path").removeClass("path");
    held = element;
    tip.hidden = true;
    light(element);
    if (!element) detail.replaceChildren(hint);
    else if (element.isNode()) describeNode(element.data("at"));
    else describeTriple(element.data("at"));
  }
  function hover(event) {
    const element = event.target, i = element.data("at");
    if (element.isNode()) {
      const node = data.nodes[i];
      tip.replaceChildren(make("b", node.label), ...(node.description && node.description !== node.label ? [make("span", node.description)] : []),
        make("span", node.iri), ...(node.added ? [] : [make("span", `attention ${node.attention}, score ${node.score}`)]),
        make("span", node.reason));
    } else {
      const triple = data.triples[i];
      tip.replaceChildren(make("b", sentence(triple)), ...(triple.added ? [] : [make("span", `weight ${number(triple.weight)}`)]),
        make("span", `${triple.source}, ${place(triple)}`));
    }
    tip.hidden = false;
    const at = event.renderedPosition;
    tip.style.left = Math.max(4, Math.min(at.x + 14, canvas.clientWidth - tip.offsetWidth - 4)) + "px";
    tip.style.top = (at.y + tip.offsetHeight + 18 > canvas.clientHeight ? Math.max(4, at.y - tip.offsetHeight - 12) : at.y + 14) + "px";
    if (!held) light(element);
  }
  cy.on("mouseover", "node, edge", hover);
  cy.on("mouseout", "node, edge", () => { tip.hidden = true; if (!held) light(null); });
  cy.on("tap", (event) => hold(event.target === cy ? null : event.target));
  cy.on("viewport grab", () => { tip.hidden = true; });

  // --- keyboard, buttons, and the rest of the page -----------------------------------------------------------------
  const step = (by) => {
    const at = held && held.isNode() ? order.indexOf(held.data("at")) + by : by > 0 ? 0 : -1;
    hold(cy.$id("n" + order[(at + order.length) % order.length]));
  };
  const keys = { ArrowRight: () => step(1), ArrowDown: () => step(1), ArrowLeft: () => step(-1), ArrowUp: () => step(-1),
    "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: showAll, Escape: () => hold(null) };
  listen(canvas, "keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); keys[event.key]();
  });
  listen(canvas, "pointerdown", () => { canvas.focus({ preventScroll: true }); cy.userZoomingEnabled(true); });
  listen(canvas, "blur", () => cy.userZoomingEnabled(false));  // a wheel turned in passing scrolls the page
  listen(document.getElementById("zoom-in"), "click", () => zoom(1.3));
  listen(document.getElementById("zoom-out"), "click", () => zoom(1 / 1.3));
  listen(document.getElementById("zoom-all"), "click", showAll);

  const goTo = (element) => {
    hold(element);
    document.getElementById("graph").scrollIntoView({ block: "start" });
    canvas.focus({ preventScroll: true });
  };
  const rows = [];
  document.querySelectorAll("[data-triple]").forEach((cell) => {
    const i = Number(cell.dataset.triple), button = make("button", "show", "show");
    rows[i] = cell.closest("tr");
    button.type = "button";
    button.setAttribute("aria-label", "Show in the drawing: " + sentence(data.triples[i]));
    button.addEventListener("click", () => goTo(cy.$id("t" + i)));
    cell.after(button);
  });
  document.querySelectorAll("mark[data-iri]").forEach((mark) => {
    const i = data.nodes.findIndex((node) => node.iri === mark.dataset.iri);
    if (i < 0) return;
    mark.classList.add("drawn"); mark.tabIndex = 0; mark.setAttribute("role", "button");
    mark.addEventListener("click", () => goTo(cy.$id("n" + i)));
    mark.addEventListener("keydown", (event) => { if (event.key === "Enter") goTo(cy.$id("n" + i)); });
  });

  // --- relations: a colour and a switch for each ---------------------------------------------------------------------
  const relations = document.getElementById("relations"), off = new Set();
  function hide() {
    cy.batch(() => {
      cy.edges().forEach((edge) => { edge.toggleClass("hidden", off.has(edge.data("relation"))); });
      cy.nodes().forEach((node) => {
        const edges = node.connectedEdges();
        node.toggleClass("hidden", edges.nonempty() && !node.hasClass("seed") && edges.every((edge) => edge.hasClass("hidden")));
      });
    });
  }
  function listRelations() {
    if (!relations) return;
    const names = new Map(data.triples.map((triple) => [triple.iri, triple.label]));
    const total = new Map();
    data.triples.forEach((triple) => total.set(triple.iri, (total.get(triple.iri) || 0) + 1));
    relations.replaceChildren(...[...names].sort((a, b) => total.get(b[0]) - total.get(a[0])).map(([iri, name]) => {
      const item = make("li"), label = make("label"), box = make("input"), key = make("span", undefined, "key edge");
      box.type = "checkbox"; box.checked = !off.has(iri);
      box.addEventListener("change", () => { if (box.checked) off.delete(iri); else off.add(iri); hide(); });
      key.style.background = tint(iri);
      label.append(box, key, name, make("span", String(total.get(iri)), "number quiet"));
      item.append(label);
      return item;
    }));
  }

  // --- growth: more of the graph, placed around what is there -----------------------------------------------------------
  function spot(center) {
    for (let i = 0; i < 400; i++) {
      const angle = i * 2.39996, far = 95 + 9 * Math.sqrt(i) * 2.2;
      const at = { x: center.x + far * Math.cos(angle), y: center.y + far * Math.sin(angle) };
      if (cy.nodes().every((node) => Math.abs(node.position("x") - at.x) > 60 || Math.abs(node.position("y") - at.y) > 34)) return at;
    }
    return { x: center.x + 100, y: center.y + 100 };
  }
  function add(around, center, why) {
    const places = new Map(data.nodes.map((node, i) => [node.iri, i]));
    const known = new Set(data.triples.map((triple) => `${data.nodes[triple.head].iri}\n${triple.iri}\n${data.nodes[triple.tail].iri}`));
    around.entities.filter((one) => !places.has(one.iri)).forEach((one) => {
      const at = spot(center), node = { ...one, ...at, seed: false, share: 0, added: true, attention: "", score: "", reason: why };
      places.set(one.iri, data.nodes.push(node) - 1);
      cy.add({ group: "nodes", ...nodeElement(node, data.nodes.length - 1) });
    });
    around.triples.filter((one) => !known.has(`${one.head}\n${one.relation}\n${one.tail}`)).forEach((one) => {
      const triple = { ...one, iri: one.relation, head: places.get(one.head), tail: places.get(one.tail), weight: 0, added: true };
      cy.add({ group: "edges", ...tripleElement(triple, data.triples.push(triple) - 1) });
    });
    sortNodes(); listRelations(); hide(); cy.style().update(); makeRoom();
    const box = cy.elements().renderedBoundingBox();
    if (box.x1 < 0 || box.y1 < 0 || box.x2 > cy.width() || box.y2 > cy.height()) showAll();
  }
  function lightPath(around) {
    const wanted = new Set(around.triples.map((one) => `${one.head}\n${one.relation}\n${one.tail}`));
    const on = (triple) => wanted.has(`${data.nodes[triple.head].iri}\n${triple.iri}\n${data.nodes[triple.tail].iri}`);
    hold(null);
    const edges = cy.edges().filter((edge) => on(data.triples[edge.data("at")]));
    cy.batch(() => {
      cy.elements().not(edges.union(edges.connectedNodes())).addClass("faded");
      edges.addClass("path named"); edges.connectedNodes().addClass("lit");
    });
  }

  style(); showAll(); makeRoom(); light(null); listRelations();
  listen(dark, "change", () => { style(); listRelations(); });
  let across = canvas.clientWidth;
  listen(window, "resize", () => { if (canvas.clientWidth !== across) { across = canvas.clientWidth; showAll(); } });
  listen(window, "beforeprint", showAll);
  canvas.dataset.drawn = String(cy.nodes().length);

  const find = (iri) => cy.$id("n" + data.nodes.findIndex((node) => node.iri === iri));
  const drawing = {
    cy, data, add, lightPath,
    place: (iri) => find(iri).position(),
    choose: (iri) => hold(find(iri)),
    say: (...parts) => detail.replaceChildren(...parts),
    next: (ask) => { chosen = ask; },
    end: () => { over.abort(); clearTimeout(waiting); cancelAnimationFrame(waiting); cy.destroy(); },
  };
  return drawing;
}

(() => {
  const block = document.getElementById("graph-data");
  if (block && !document.getElementById("ask")) drawGraph(JSON.parse(block.textContent));  // a served page draws by itself
})();
