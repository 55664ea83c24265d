// Counts a text while it is written, as the ledger counts it, and shows it as it goes out. How many
// characters it may have, and the words for it, stand in the page.
"use strict";

// A string is iterated by Unicode's characters, and not by halves of them as `length` counts. Half
// of one that is alone goes out as U+FFFD, of three bytes.
const bytesOf = (char) => new TextEncoder().encode(char).length;
const clustersOf = (text) => [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)].map((each) => each.segment);
const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);
const LINK = /https?:\/\/[^\s/]+\.[^\s]*[^\s.,;:!?'")\]]/giu;
const PICTURE = /\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|\u20e3/u;
const EMOJI = /^[\p{Emoji_Presentation}\u{1f000}-\u{1faff}\u{e0020}-\u{e007f}\u200d\ufe0f\u20e3]$/u;
const LIGHT = /^[\0-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]$/u;

function weightOf(cluster) {
  if (PICTURE.test(cluster) && !/^[\u00a9\u00ae]$/u.test(cluster)) return 2;
  return sum([...cluster].map((char) => (LIGHT.test(char) ? 1 : 2)));
}

// As `domain/platforms/counting.py` counts; links are known there more exactly, and the ledger has
// the last word.
const COUNTINGS = {
  code_points: (text) => [...text].length,
  utf16: (text) => text.length,
  emoji_bytes: (text) => {
    const chars = [...text];
    return sum(chars.map((char, place) => (EMOJI.test(char) || chars[place + 1] === "\ufe0f" ? bytesOf(char) : 1)));
  },
  graphemes: (text) => clustersOf(text).length,
  graphemes_and_links: (text) =>
    clustersOf(text.replace(LINK, "x".repeat(23)).replace(/(?<![=/\w])(@\w+(?:[.-]+\w+)*)@[\w.-]*\w/g, "$1")).length,
  weighted: (text) => sum(clustersOf(text.normalize("NFC").replace(LINK, "x".repeat(23))).map(weightOf)),
};

function charactersIn(text, counting) {
  return (COUNTINGS[counting] || COUNTINGS.code_points)(text);
}

function said(words, facts) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? facts[name] : whole));
}

function count(area) {
  const counter = document.getElementById(area.dataset.counter);
  if (!counter) return;
  const found = charactersIn(area.value, counter.dataset.counting), most = Number(counter.dataset.most), over = found - most;
  counter.textContent = said(over > 0 ? counter.dataset.over : counter.dataset.fits, { count: found, most, over });
  counter.classList.toggle("error", over > 0);
}

function preview(field) {
  const around = field.closest(".writing");
  const place = around && around.querySelector(`[data-shows="${CSS.escape(field.name)}"]`);
  if (place) place.textContent = field.value || place.dataset.empty;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-counter]")) count(event.target);
  if (event.target.form && event.target.form.closest(".writing")) preview(event.target);
});

// What a button within a form asks for (a part more, say) is answered with the page anew: of that the
// form is taken, so that nobody is thrown to the top. Where it cannot be had, it goes as without this.
async function renew(form, name, value) {
  const around = form.closest(".writing"), here = document.activeElement && document.activeElement.id;
  const body = new FormData(form);
  body.append(name, value);
  form.setAttribute("aria-busy", "true");
  const answer = await fetch(form.action, { method: "POST", body });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const other = page.querySelector(`.writing > form[action="${CSS.escape(form.getAttribute("action"))}"]`);
  const anew = other && other.parentElement;
  if (!anew) throw new Error(answer.statusText);
  around.replaceWith(anew);
  const next = anew.querySelector("[autofocus]") || (here && document.getElementById(here));
  if (next) next.focus();
}

function renewOr(form, name, value, otherwise) {
  if (form.getAttribute("aria-busy") === "true") return;
  renew(form, name, value).catch(() => {
    form.removeAttribute("aria-busy");
    otherwise();
  });
}

document.addEventListener("submit", (event) => {
  const by = event.submitter, form = event.target;
  if (!by || by.name !== "do" || !form.closest(".writing") || form.dataset.plain) return;
  event.preventDefault();
  renewOr(form, by.name, by.value, () => {
    form.dataset.plain = "true";
    form.requestSubmit(by);
  });
});

// A file that was chosen is sent at once, and what another platform takes is shown at once.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (event.target.matches("[data-renews]") && form && form.closest(".writing")) renewOr(form, "do", "look", () => {});
});

// What a browser put back into a form that was left and returned to.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-counter]").forEach(count);
  document.querySelectorAll(".writing [name]").forEach(preview);
});
