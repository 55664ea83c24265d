// What a browser with scripts does more: it enters by the one-time address, sends the CSRF token with
// what htmx asks for, and moves along the past. Everything can be read, and most be done, without it.
"use strict";

const form = document.getElementById("enter");
if (form && location.hash.length > 1) {
  const field = form.elements.namedItem("token");
  if (field) {
    field.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
    form.submit();
  }
}

// What is opened over a page is closed by Escape, and when one goes on behind it: it would lie over
// what has the focus.
const opened = () => document.querySelector("details.asof[open]");

document.addEventListener("keydown", (event) => {
  const over = event.key === "Escape" && opened();
  if (!over) return;
  if (over.contains(document.activeElement)) over.querySelector("summary").focus();
  over.open = false;
});

document.addEventListener("focusin", (event) => {
  const over = opened();
  if (over && !over.contains(event.target)) over.open = false;
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector('meta[name="csrf"]').content;
});
