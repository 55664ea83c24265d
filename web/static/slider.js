// Moves a page along the events without loading it anew: by the slider, dragged or with its keys, and
// by the steps beside it. While one moment is asked for, only the newest wish waits.

import { show } from "./show.js";

const bar = document.getElementById("moment");
const range = () => bar.querySelector("input[type=range]");

let wish = null, isGoing = false;

function addressOf(seq) {
  const form = range().form;
  const query = new URLSearchParams(new FormData(form));
  query.set("at", seq);
  return `${form.getAttribute("action")}?${query}`;
}

async function go(seq) {
  wish = addressOf(seq);
  if (isGoing) return;
  isGoing = true;
  while (wish !== null) {
    const address = wish;
    wish = null;
    const outcome = await show(address, { evenRefused: true });
    if (outcome === "shown" || outcome === "refused") history.replaceState(null, "", address);
    else if (wish === null) location.assign(address); // the browser says what is wrong
  }
  isGoing = false;
  const slider = range();
  if (slider) slider.value = slider.defaultValue;
}

bar.addEventListener("input", (event) => {
  if (event.target === range()) go(event.target.value);
});

bar.addEventListener("click", (event) => {
  const step = event.target.closest("a[data-step]");
  if (!step || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const slider = range();
  slider.stepUp(Number(step.dataset.step));
  go(slider.value);
});

bar.addEventListener("submit", (event) => {
  if (range() && event.target === range().form) event.preventDefault(); // it is shown already
});
