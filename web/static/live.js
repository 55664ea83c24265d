// Keeps a page up to date: when something has happened, it is asked for again and shown. All pages of
// a browser that can be seen share one stream; one that is hidden has none. Nothing is ever sent.

import { isBusy, show } from "./show.js";

const AT_MOST_EVERY_MS = 1000;
const ANYWAY_EVERY_MS = 60000;
const TRY_EVERY_MS = 5000;
const TELL_EVERY_MS = 15000;

const main = document.getElementById("main");
const mark = document.getElementById("live");

let heard = 0, told = 0, toldAt = 0, shownAt = 0;
let isDue = false, isShowing = false, isPaused = false;
let timer = null;

const seen = () => Number(main.dataset.live || 0);

// -- the mark -----------------------------------------------------------------------------------

function say(state) {
  if (state === "live" && isPaused) state = "paused";
  if (mark.dataset.state === state) return;
  mark.dataset.state = state;
  mark.querySelector("[role=status]").textContent = mark.getAttribute(`data-say-${state}`);
  mark.querySelector("button").hidden = state === "out";
  mark.querySelector("a").hidden = state !== "out";
}

// What is new is counted out at times, so that whoever listens to the page is not flooded.
function tell() {
  const count = seen() - told;
  if (count < 1 || Date.now() - toldAt < TELL_EVERY_MS) return;
  document.getElementById("live-news").textContent = mark.dataset.news.replace("{count}", count);
  told = seen();
  toldAt = Date.now();
}

mark.querySelector("button").addEventListener("click", (event) => {
  isPaused = !isPaused;
  event.target.textContent = isPaused ? mark.dataset.goOn : mark.dataset.pause;
  say("live");
  due();
});

// -- asking again -------------------------------------------------------------------------------

function hear(seq) {
  heard = Math.max(heard, seq);
  if (heard > seen()) due();
}

function due() {
  isDue = true;
  if (timer === null) timer = setTimeout(again, Math.max(0, shownAt + AT_MOST_EVERY_MS - Date.now()));
}

async function again() {
  timer = null;
  if (!isDue || isShowing || isPaused || document.hidden || mark.hidden) return;
  if (isBusy()) {
    say("busy");
    timer = setTimeout(again, AT_MOST_EVERY_MS);
    return;
  }
  isDue = false;
  isShowing = true;
  const address = location.href;
  const isWanted = () => !isPaused && !isBusy() && location.href === address;
  const outcome = await show(address, { isWanted });
  isShowing = false;
  shownAt = Date.now();
  if (outcome === "away" || outcome === "refused") say("away");
  if (outcome === "shown") say("live");
  if (outcome === "signed out") {
    pass({ state: "out" });
    signedOut();
  }
  tell();
  if (isDue || outcome === "late" || (outcome === "shown" && heard > seen())) due();
  else soon();
}

function signedOut() {
  stop();
  isPaused = true;
  say("out");
}

// A page may ask to be shown anew when nothing happens, too: for what goes on without events.
let next = null;
function soon() {
  clearTimeout(next);
  const later_ms = mark.dataset.state === "away" ? TRY_EVERY_MS : ANYWAY_EVERY_MS;
  next = setTimeout(due, Number(main.dataset.again || later_ms));
}

// -- listening ----------------------------------------------------------------------------------
// Whoever has the lock has the stream, and passes on what it hears: a browser opens six connections to
// a server at most, and each page that is open would take one for good.

const others = new BroadcastChannel("jobledger");
let source = null, letGo = null, waiting = null, wait_ms = 2000;

others.addEventListener("message", ({ data }) => {
  if (data.ask && source) others.postMessage({ seq: Math.max(heard, seen()), state: mark.dataset.state });
  if (data.seq) hear(data.seq);
  if (data.state === "out" && !mark.hidden) signedOut();
  else if (data.state === "away" || data.state === "live") say(data.state);
});

function pass(message) {
  others.postMessage(message);
}

function open() {
  source = new EventSource(`/events?after=${Math.max(heard, seen())}`);
  source.addEventListener("open", () => {
    wait_ms = 2000;
    say("live");
    pass({ state: "live" });
    if (heard > seen()) due();
  });
  source.addEventListener("error", () => {
    say("away");
    pass({ state: "away" });
    if (source && source.readyState === EventSource.CLOSED) later();
  });
  for (const type of mark.dataset.types.split(" ")) {
    source.addEventListener(type, (event) => {
      const seq = Number(event.lastEventId);
      hear(seq);
      pass({ seq });
    });
  }
  for (const type of ["behind", "problem"]) {
    source.addEventListener(type, () => {
      source.close();
      later();
    });
  }
}

// The stream was refused: the page says whether that is for good.
function later() {
  source.close();
  source = null;
  waiting = setTimeout(() => {
    open();
    due();
  }, wait_ms);
  wait_ms = Math.min(2 * wait_ms, 30000);
}

function start() {
  if (letGo || document.hidden || !("live" in main.dataset)) return;
  let asked = null;
  const begun = new Promise((over) => { letGo = over; });
  const mine = letGo;
  const stream = () => {
    if (letGo === mine) open();
    return begun;
  };
  if (navigator.locks) {
    asked = new AbortController();
    navigator.locks.request("jobledger", { signal: asked.signal }, stream).catch(() => {});
  } else {
    stream();
  }
  begun.then(() => asked && asked.abort());
  pass({ ask: true });
}

function stop() {
  if (source) source.close();
  clearTimeout(waiting);
  source = null;
  if (letGo) letGo();
  letGo = null;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stop();
  } else {
    start();
    due();
  }
});
window.addEventListener("pagehide", stop);
window.addEventListener("pageshow", start);

// Whether this page is live is said by the page: a moment of the past is not.
function settle() {
  const isLive = "live" in main.dataset;
  if (isLive === !mark.hidden) return;
  mark.hidden = !isLive;
  if (isLive) {
    told = seen();
    say("live");
    start();
    soon();
  } else {
    stop();
    clearTimeout(next);
  }
}
document.addEventListener("jobledger:shown", settle);
settle();
