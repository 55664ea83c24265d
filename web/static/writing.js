// Counts a text while it is written, as the ledger counts it, and shows it as it goes out. How many
// characters it may have, and the words for it, stand in the page.
"use strict";

// A string is iterated by Unicode's characters, and not by halves of them as `length` counts.
function charactersIn(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function said(words, facts) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? facts[name] : whole));
}

function count(area) {
  const counter = document.getElementById(area.dataset.counter);
  if (!counter) return;
  const found = charactersIn(area.value), most = Number(counter.dataset.most), over = found - most;
  counter.textContent = said(over > 0 ? counter.dataset.over : counter.dataset.fits, { count: found, most, over });
  counter.classList.toggle("error", over > 0);
}

function preview(field) {
  const place = document.querySelector(`[data-shows="${field.name}"]`);
  if (place) place.textContent = field.value || place.dataset.empty;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-counter]")) count(event.target);
  if (event.target.form && event.target.form.closest(".writing")) preview(event.target);
});

// What a browser put back into a form that was left and returned to.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-counter]").forEach(count);
  document.querySelectorAll(".writing [name]").forEach(preview);
});
