"use strict";
const graphs = JSON.parse(document.getElementById("nodes").textContent);
const make = (tag, text, parent) => {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
};
const nodeOf = (graph, number) => document.querySelector(`.node[data-graph="${CSS.escape(graph)}"][data-node="${number}"]`);
const choose = (element) => {
  const graph = element.dataset.graph;
  const node = graphs[graph][Number(element.dataset.node)];
  const task = element.closest(".flowtask");
  task.querySelectorAll(".node.chosen").forEach((other) => other.classList.remove("chosen"));
  element.classList.add("chosen");
  const details = task.querySelector(".details");
  details.replaceChildren();
  make("h4", `After ${node.depth} action${node.depth === 1 ? "" : "s"}: ${node.visits} rollouts, mean reward ${node.reward}`, details);
  make("pre", node.text, details);
  for (const [title, edges] of [["Led here", node.in], ["Went on", node.out]]) {
    if (!edges.length) continue;
    make("b", title, details);
    const list = make("ul", "", details);
    for (const edge of edges) {
      const item = make("li", `${edge.count} × `, list);
      const sign = edge.log_i >= 0 ? "gain" : "loss";
      make("span", `log I ${edge.log_i >= 0 ? "+" : ""}${edge.log_i.toFixed(2)} `, item).className = sign;
      make("code", edge.actions.join(" | "), item);
    }
  }
};
const follow = (element, edges) => {
  const next = edges.length && nodeOf(element.dataset.graph, edges[0].node);
  if (next) { next.focus(); choose(next); }
};
for (const element of document.querySelectorAll(".node")) {
  element.addEventListener("click", () => choose(element));
  element.addEventListener("keydown", (event) => {
    const node = graphs[element.dataset.graph][Number(element.dataset.node)];
    if (event.key === "Enter" || event.key === " ") choose(element);
    else if (event.key === "ArrowRight") follow(element, node.out);
    else if (event.key === "ArrowLeft") follow(element, node.in);
    else return;
    event.preventDefault();
  });
}
for (const button of document.querySelectorAll(".tabs button")) {
  button.addEventListener("click", () => {
    const task = button.closest(".flowtask");
    for (const other of task.querySelectorAll(".tabs button")) other.setAttribute("aria-selected", String(other === button));
    for (const view of task.querySelectorAll(".view")) view.hidden = view.dataset.view !== button.dataset.view;
  });
}
