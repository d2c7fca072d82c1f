"use strict";
// Completion: entities below the box as one types (the combobox pattern of WAI-ARIA); what is chosen becomes a chip.
function completeEntities(box, list, { run, choose }) {
  const LONGEST = 60, PAUSE = 120;
  let found = [], at = -1, waiting = 0, asking = null;
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);

  function close() {
    clearTimeout(waiting);
    asking?.abort();
    found = []; at = -1;
    list.hidden = true;
    list.replaceChildren();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }
  function mark(to) {
    at = to;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (at < 0) { box.removeAttribute("aria-activedescendant"); return; }
    box.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  }
  function take(i) { const entity = found[i]; close(); choose(entity); }
  function show(entities) {
    found = entities; at = -1;
    list.replaceChildren(...entities.map((entity, i) => {
      const item = document.createElement("li"), name = document.createElement("bdi"), said = document.createElement("span");
      item.id = `found-${i}`; item.setAttribute("role", "option"); item.setAttribute("aria-selected", "false");
      name.textContent = entity.label;
      said.textContent = entity.description === entity.label ? entity.iri : entity.description;
      item.append(name, " ", said);
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(i); });
      return item;
    }));
    list.hidden = !entities.length;
    box.setAttribute("aria-expanded", String(entities.length > 0));
    box.removeAttribute("aria-activedescendant");
  }
  async function ask() {
    const typed = box.value.trim();
    if (!typed || typed.length > LONGEST) { close(); return; }
    asking?.abort();
    asking = new AbortController();
    const wanted = new URLSearchParams({ q: typed, limit: "8", run: run() });
    try {
      const answer = await fetch(`/entities?${wanted}`, { signal: asking.signal });
      if (answer.ok && document.activeElement === box) show(await answer.json());
    } catch (error) { if (error.name !== "AbortError") close(); }
  }
  box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, PAUSE); });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); return; }
    if (event.key === "Enter" && at >= 0) { event.preventDefault(); take(at); return; }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || list.hidden) return;
    event.preventDefault();
    const places = found.length + 1;  // one of them is the box itself
    mark((at + 1 + by + places) % places - 1);
  });
  return { close };
}
