// The calendar: an entry is dragged to another day, or, with the focus on it, moved by Alt and an arrow key.
"use strict";

const mover = document.getElementById("move");

function move(entry, day) {
  mover.action = "/jobs/" + encodeURIComponent(entry.dataset.job) + "/move";
  mover.elements.namedItem("version").value = entry.dataset.version;
  mover.elements.namedItem("day").value = day;
  mover.submit();
}

if (mover) {
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-job]");
    if (dragged) event.dataTransfer.setData("text/plain", dragged.dataset.job);
  });
  document.addEventListener("dragover", (event) => {
    const cell = event.target.closest("[data-day]");
    document.querySelectorAll(".target").forEach((one) => one.classList.remove("target"));
    if (dragged && cell) {
      event.preventDefault();
      cell.classList.add("target");
    }
  });
  document.addEventListener("drop", (event) => {
    const cell = event.target.closest("[data-day]");
    if (dragged && cell && cell !== dragged.closest("[data-day]")) {
      event.preventDefault();
      move(dragged, cell.dataset.day);
    }
    dragged = null;
  });
  document.addEventListener("keydown", (event) => {
    const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    const entry = event.altKey && days ? event.target.closest("[data-job]") : null;
    if (!entry) return;
    event.preventDefault();
    const day = new Date(entry.closest("[data-day]").dataset.day + "T12:00:00Z");
    day.setUTCDate(day.getUTCDate() + days);
    move(entry, day.toISOString().slice(0, 10));
  });
}
