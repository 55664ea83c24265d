// One box ticks all posts of the page, and what is ticked is what is meant. Without a script they are
// ticked one by one, or all that match are chosen.
"use strict";

document.addEventListener("change", (event) => {
  const form = document.getElementById("many");
  if (!form || event.target.type !== "checkbox") return;
  const boxes = [...form.elements].filter((field) => field.name === "job");
  const all = form.querySelector("[data-tick-all]");
  if (event.target === all) for (const box of boxes) box.checked = all.checked;
  else if (!boxes.includes(event.target)) return;
  const ticked = boxes.filter((box) => box.checked).length;
  all.checked = ticked === boxes.length;
  all.indeterminate = ticked > 0 && !all.checked;
  form.elements.namedItem("which").value = "ticked";
});
