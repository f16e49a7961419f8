"use strict";
// Everything here only moves what the page already holds: nothing is asked of anyone.
const percent = (share) => (isNaN(share) ? "-" : (100 * share).toFixed(1) + " %");
const sum = (values) => values.reduce((a, b) => a + b, 0);

for (const live of document.querySelectorAll(".live")) live.hidden = false;

// A threshold on the score: the rates of each group if it were where the slider is.
for (const part of document.querySelectorAll("[data-thresholds]")) {
  const counts = JSON.parse(part.querySelector("script").textContent);
  const nCells = Number(part.dataset.cells);
  const slider = part.querySelector("input");
  const show = () => {
    const cell = Number(slider.value);
    const selected = [];
    part.querySelector("output").textContent = (cell / nCells).toFixed(2);
    for (const row of part.querySelectorAll("tr[data-group]")) {
      const [negative, positive] = counts[row.dataset.group];
      const above = (values) => sum(values.slice(cell));
      const rates = [
        (above(negative) + above(positive)) / (sum(negative) + sum(positive)),
        above(positive) / sum(positive),
        above(negative) / sum(negative),
      ];
      selected.push(rates[0]);
      row.querySelectorAll("td").forEach((td, i) => (td.textContent = percent(rates[i])));
    }
    const gap = Math.max(...selected) - Math.min(...selected);
    part.querySelector(".gap").textContent = (100 * gap).toFixed(1);
    for (const cut of part.querySelectorAll(".cut")) {
      cut.setAttribute("x1", (cell / nCells) * 500);
      cut.setAttribute("x2", (cell / nCells) * 500);
    }
  };
  slider.addEventListener("input", show);
  show();
}

// A point on the curve of score against gap.
for (const part of document.querySelectorAll("[data-curve]")) {
  const slider = part.querySelector("input");
  const dots = [...part.querySelectorAll(".dot")];
  const show = () => {
    const here = dots[Number(slider.value)];
    dots.forEach((dot) => dot.classList.toggle("here", dot === here));
    part.querySelector("output").textContent =
      `lambda ${here.dataset.lambda}: score ${here.dataset.score}, ` +
      `gap ${here.dataset.gap} percentage points`;
  };
  slider.addEventListener("input", show);
  show();
}

// What is folded away is printed too.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
