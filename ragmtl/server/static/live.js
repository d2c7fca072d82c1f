"use strict";
// The page asks without loading anew: its address always says what is shown, so that a link shows the same again.
(() => {
  const form = document.getElementById("ask"), box = document.getElementById("q"), result = document.getElementById("result");
  const problem = document.getElementById("problem"), said = document.getElementById("said");
  let drawing = null, asking = null, moving = 0;

  // --- what is chosen, as an address ------------------------------------------------------------------------------------
  function address() {
    const wanted = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      const usual = { passages: form.dataset.passages, nodes: form.dataset.nodes }[name];
      if (value !== "" && value !== usual) wanted.append(name, value);
    }
    return wanted;
  }
  const place = () => { const wanted = String(address()); return wanted ? `/?${wanted}` : "/"; };
  function tell(text) { problem.textContent = text; problem.hidden = !text; }

  // --- asking ---------------------------------------------------------------------------------------------------------------
  async function ask({ remember = true } = {}) {
    asking?.abort();
    asking = new AbortController();
    const wanted = address();
    form.classList.add("busy");
    try {
      const answer = await fetch(`/fragment?${wanted}`, { signal: asking.signal }), found = await answer.json();
      form.classList.remove("busy");
      if (answer.status === 401) { location.assign(`/login?next=${encodeURIComponent(place())}`); return; }
      if (!answer.ok) { tell(found.detail); return; }
      tell("");
      if (remember && place() !== location.pathname + location.search) history.pushState(null, "", place());
      show(found);
    } catch (error) {
      if (error.name === "AbortError") return;
      form.classList.remove("busy");
      tell("The server did not answer; is it still running?");
    }
  }
  function show(found) {
    document.title = found.title;
    drawing?.end();
    drawing = null;
    result.innerHTML = found.html;  // escaped by the server, as the whole page is
    liven(found.graph);
    const heads = [...result.querySelectorAll("article.answer")].map((card) =>
      `${card.querySelector("h3").textContent}: ${card.querySelector(".chosen")?.textContent ?? "no answer"}`);
    said.textContent = heads.join("; ");
  }
  function liven(graph) {
    if (graph) drawing = drawGraph(graph, actions);
    askReasons([...result.querySelectorAll("article.answer[data-task]")].filter((card) => !card.closest(".pair")), { address, tell });
    result.querySelectorAll("#welcome a").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      box.value = new URL(link.href).searchParams.get("q");
      ask();
    }));
  }

  // --- the drawing grows ------------------------------------------------------------------------------------------------
  async function around(path, wanted) {
    const answer = await fetch(`${path}?${new URLSearchParams({ ...wanted, run: form.dataset.run })}`), found = await answer.json();
    if (!answer.ok) throw new Error(found.detail);
    return found;
  }
  function line(text) { const shown = document.createElement("p"); shown.textContent = text; return shown; }
  async function expand(node, on) {
    try {
      const found = await around("/neighbours", { iri: node.iri });
      on.add(found, on.place(node.iri), `beside ${node.label}, added by hand`);
      on.choose(node.iri);
      said.textContent = found.total > found.triples.length
        ? `${found.triples.length} of ${found.total} triples of ${node.label} are drawn` : `all ${found.total} triples of ${node.label} are drawn`;
      if (found.total > found.triples.length) document.getElementById("detail").append(line(`${said.textContent}, those that say most.`));
    } catch (error) { tell(error.message); }
  }
  function path(start, on) {
    on.say(line(`Choose the entity to which a path from ${start.label} is wanted.`));
    on.next(async (end) => {
      try {
        const found = await around("/paths", { start: start.iri, end: end.iri });
        on.add(found, on.place(start.iri), `on a path from ${start.label} to ${end.label}`);
        on.lightPath(found);
        on.say(...(found.lines.length ? found.lines.map(line) : [line(`No path of up to four steps leads from ${start.label} to ${end.label}.`)]));
      } catch (error) { tell(error.message); }
    });
  }
  const actions = [
    { label: "Expand", run: expand },
    { label: "Path to \u2026", run: path },
    { label: "Ask about it", run: (node) => { pick(node, "entity"); ask(); form.scrollIntoView({ block: "start" }); } },
  ];

  // --- entities that are asked about ---------------------------------------------------------------------------------------
  function pick(entity, name) {
    const group = document.getElementById(`picked-${name}`), list = group.querySelector("ul");
    if ([...list.querySelectorAll("input")].some((one) => one.value === entity.iri && one.checked)) return;
    const item = document.createElement("li"), label = document.createElement("label"), tick = document.createElement("input");
    const shown = document.createElement("bdi");
    item.className = "chip"; tick.type = "checkbox"; tick.name = name; tick.value = entity.iri; tick.checked = true;
    shown.textContent = entity.label;
    label.append(tick, " ", shown);
    item.append(label);
    list.append(item);
    liveChip(item);
    group.hidden = false;
  }
  function liveChip(item) {
    const tick = item.querySelector("input"), other = tick.name === "entity" ? "history" : "entity";
    const move = document.createElement("button");
    move.type = "button"; move.className = "move";
    move.textContent = other === "history" ? "met before" : "about it";
    move.setAttribute("aria-label", `${item.textContent.trim()}: ${move.textContent}`);
    item.append(move);
    move.addEventListener("click", () => { remove(item); pick({ iri: tick.value, label: item.querySelector("bdi").textContent }, other); ask(); });
    tick.addEventListener("change", () => { remove(item); ask(); });
  }
  function remove(item) {
    const group = item.closest("fieldset");
    item.remove();
    group.hidden = !group.querySelector("li");
  }

  // --- the form -------------------------------------------------------------------------------------------------------------
  const list = completeEntities(box, document.getElementById("found"), {
    run: () => form.dataset.run,
    choose: (entity) => { box.value = ""; pick(entity, "entity"); ask(); },
  });
  document.querySelectorAll(".picked li").forEach(liveChip);
  form.addEventListener("submit", (event) => { event.preventDefault(); list.close(); ask(); });
  form.addEventListener("change", (event) => {
    const name = event.target.name;
    if (name === "run") location.assign(place());  // its tasks and sliders are others
    else if (["task", "beside", "knowledge"].includes(name)) ask();
  });
  form.querySelectorAll("input[type=range]").forEach((slider) => slider.addEventListener("input", () => {
    slider.parentElement.querySelector("output").value = slider.value;
    clearTimeout(moving);
    moving = setTimeout(ask, 200);
  }));
  addEventListener("popstate", () => location.reload());
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    event.preventDefault();
    box.focus(); box.select();
    form.scrollIntoView({ block: "start" });
  });
  const block = document.getElementById("graph-data");
  liven(block ? JSON.parse(block.textContent) : null);
})();
