"use strict";
// Why, and why not: below each answer one can ask for any other, and see what speaks for and against it.
function askReasons(cards, { address, tell }) {
  function names(card) {
    return [...card.querySelectorAll(".bars .name bdi")].map((name) => name.textContent);
  }
  cards.forEach((card, n) => {
    const form = document.createElement("form"), label = document.createElement("label"), line = document.createElement("div");
    const input = document.createElement("input"), button = document.createElement("button"), list = document.createElement("datalist");
    const shown = document.createElement("div");
    form.className = "why"; line.className = "line"; shown.setAttribute("aria-live", "polite");
    input.id = `why-${n}`; list.id = `answers-${n}`;
    label.htmlFor = input.id; label.textContent = card.dataset.kind === "ranking" ? "Why, or why not, this item?" : "Why, or why not, this answer?";
    input.type = "text"; input.required = true; input.maxLength = 200; input.setAttribute("list", list.id); input.autocomplete = "off";
    button.textContent = "Ask";
    list.append(...names(card).map((name) => { const option = document.createElement("option"); option.value = name; return option; }));
    line.append(input, button);
    form.append(label, line, list);
    card.querySelector(".small:last-child").before(form, shown);

    async function ask() {
      const wanted = address();
      wanted.set("task", card.dataset.task);
      wanted.set("answer", input.value.trim());
      button.disabled = true;
      try {
        const answer = await fetch(`/fragment/why?${wanted}`), found = await answer.json();
        if (answer.ok) shown.innerHTML = found.html;  // escaped by the server, as the whole page is
        else { const said = document.createElement("p"); said.className = "problem"; said.textContent = found.detail; shown.replaceChildren(said); }
      } catch { tell("The server did not answer."); }
      button.disabled = false;
    }
    form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
    card.querySelectorAll(".bars li").forEach((row) => {
      const why = document.createElement("button"), name = row.querySelector(".name bdi").textContent;
      why.type = "button"; why.className = "ask-why"; why.textContent = "why?";
      why.setAttribute("aria-label", `Why, or why not, ${name}?`);
      why.addEventListener("click", () => { input.value = row.dataset.iri || name; ask(); form.scrollIntoView({ block: "nearest" }); });
      row.querySelector(".name").append(" ", why);
    });
  });
}
