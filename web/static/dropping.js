// A file is dropped anywhere on its place, and one that is too large is told of before it is sent.
// Without a script the field itself takes it, and the server tells.
"use strict";

const place = document.querySelector("[data-drop]");

function tell(text) {
  const fault = document.getElementById("drop-fault");
  fault.textContent = text;
  fault.hidden = !text;
}

function fits(input) {
  const file = input.files[0], large = file && file.size > Number(place.dataset.most);
  tell(large ? place.dataset.sayLarge : "");
  return !large;
}

if (place) {
  const input = place.querySelector("input[type=file]");
  const carries = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!carries(event)) return;
      event.preventDefault(); // or the browser opens the file in place of the page
      place.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) place.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    place.classList.remove("over");
    if (event.dataTransfer.files.length !== 1) {
      tell(place.dataset.saySeveral);
      return;
    }
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.focus();
  });
  input.addEventListener("change", () => fits(input));
  input.form.addEventListener("submit", (event) => {
    if (!fits(input)) event.preventDefault();
  });
}
