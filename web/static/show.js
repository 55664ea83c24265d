// Shows a page in place of the one that is there, changing only what differs: what has the focus
// keeps it, what was opened stays open, and what is looked at stays where it is.

const PARTS = ["top", "moment", "main"];

// Ask for an address and show it. Returns "shown", "refused" (its problem is shown, but for those who
// want no other page in place of theirs), "signed out" or "away" (nobody answered), and "late" where
// `isWanted` says that something else is wished by now.
export async function show(address, { isWanted = () => true, evenRefused = false } = {}) {
  let answer, text;
  try {
    answer = await fetch(address, { credentials: "same-origin" });
    text = await answer.text();
  } catch {
    return "away";
  }
  if (answer.redirected && new URL(answer.url).pathname === "/enter") return "signed out";
  if (answer.status === 502 || answer.status === 503 || answer.status === 504) return "away";
  if (!answer.ok && !evenRefused) return "refused";
  if (!isWanted()) return "late";
  const page = new DOMParser().parseFromString(text, "text/html");
  const looked = lookedAt();
  for (const id of PARTS) {
    const part = document.getElementById(id), now = page.getElementById(id);
    if (part && now) morph(part, now);
  }
  document.title = page.title;
  stayAt(looked);
  document.dispatchEvent(new CustomEvent("jobledger:shown"));
  return answer.ok ? "shown" : "refused";
}

let isDragging = false;
document.addEventListener("dragstart", () => { isDragging = true; });
for (const end of ["dragend", "drop"]) document.addEventListener(end, () => { isDragging = false; });

// Say whether somebody is in the midst of something that a new page would disturb: typing, choosing,
// dragging (or moving what has `data-in-hand`), or marking what they read.
export function isBusy() {
  if (isDragging || document.querySelector("dialog[open], [data-in-hand]")) return true;
  const main = document.getElementById("main");
  const at = document.activeElement;
  if (at && main.contains(at) && at.matches("input, select, textarea, [contenteditable]")) return true;
  const marked = document.getSelection();
  if (marked && !marked.isCollapsed && main.contains(marked.anchorNode)) return true;
  return [...main.querySelectorAll("input, select, textarea")].some(isChanged);
}

function isChanged(field) {
  if (field.type === "hidden") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) {
    const chosen = [...field.options].some((one) => one.defaultSelected);
    return chosen
      ? [...field.options].some((one) => one.selected !== one.defaultSelected)
      : field.selectedIndex > 0;
  }
  return field.value !== field.defaultValue;
}

// -- one page into another ----------------------------------------------------------------------

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE && (node.id || node.dataset.key)) || null;

function morph(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName) {
    old.replaceWith(document.importNode(now, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = now.data;
    return;
  }
  for (const { name, value } of now.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!now.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
  morphChildren(old, now);
}

function morphChildren(old, now) {
  const wanted = new Set([...now.childNodes].map(keyOf));
  const known = new Map();
  for (const child of [...old.childNodes]) {
    const key = keyOf(child);
    if (key && !wanted.has(key)) child.remove();
    else if (key) known.set(key, child);
  }
  let at = old.firstChild;
  for (const child of now.childNodes) {
    const key = keyOf(child);
    const match = key ? known.get(key) : at && !keyOf(at) && at.nodeName === child.nodeName ? at : null;
    if (!match) {
      const added = document.importNode(child, true);
      if (key && known.size) added.classList.add("fresh");
      old.insertBefore(added, at);
    } else if (match === at) {
      at = at.nextSibling;
      morph(match, child);
    } else {
      old.insertBefore(match, at);
      morph(match, child);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

// -- what is looked at --------------------------------------------------------------------------

function lookedAt() {
  if (window.scrollY < 1) return null;
  const row = [...document.querySelectorAll("#main li[data-key]")].find((one) => one.getBoundingClientRect().top >= 0);
  return row && { row, top: row.getBoundingClientRect().top };
}

function stayAt(looked) {
  if (looked && looked.row.isConnected) window.scrollBy(0, looked.row.getBoundingClientRect().top - looked.top);
}
