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

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector('meta[name="csrf"]').content;
});
