// The calendar: a post is dragged to another day or, with the focus on it, moved by Alt and an arrow
// key. It keeps its time of day; which moment that is, is computed by the server.
"use strict";

let dragged = null;

function move(entry, day) {
  const form = document.getElementById("move");
  form.action = "/jobs/" + encodeURIComponent(entry.dataset.job) + "/move";
  form.elements.namedItem("version").value = entry.dataset.version;
  form.elements.namedItem("day").value = day;
  form.submit();
}

function target(day) {
  for (const one of document.querySelectorAll(".target")) if (one !== day) one.classList.remove("target");
  if (day) day.classList.add("target");
}

// The day that something would be dropped on now; none where it is already.
function dayOf(event) {
  const day = dragged && event.target.closest ? event.target.closest("[data-day]") : null;
  return day && !day.contains(dragged) ? day : null;
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest ? event.target.closest("[data-job]") : null;
  if (!dragged) return;
  dragged.dataset.inHand = "";
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector(".text").textContent);
});

document.addEventListener("dragover", (event) => {
  const day = dayOf(event);
  target(day);
  if (!day) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
});

document.addEventListener("drop", (event) => {
  const day = dayOf(event);
  if (!day) return;
  event.preventDefault();
  move(dragged, day.dataset.day);
});

document.addEventListener("dragend", () => {
  target(null);
  if (dragged) delete dragged.dataset.inHand;
  dragged = null;
});

document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
  const entry = days && event.target.closest("[data-job]");
  if (!entry) return;
  event.preventDefault();
  if (event.repeat) return;
  const day = new Date(entry.closest("[data-day]").dataset.day + "T12:00:00Z");
  day.setUTCDate(day.getUTCDate() + days);
  move(entry, day.toISOString().slice(0, 10));
});
