"use strict";
// A bar of the timeline says what it is when it is touched: a finger sees no titles.
(() => {
  const said = document.getElementById("bar-said");
  document.querySelector(".day")?.addEventListener("click", (event) => {
    said.textContent = event.target.closest(".track [title]")?.title ?? "";
  });
})();

// The filter of the table of jobs. What is chosen is kept in the address after the #, so that a
// view can be sent to somebody: #text=...&state=failed&account=...
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const fields = ["text", "state", "account"].map((name) => [
    name,
    document.getElementById("filter-" + name),
  ]);
  const count = document.getElementById("filter-count");
  const none = document.getElementById("filter-none");
  const rows = [...document.getElementById("job-rows").rows].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    state: row.dataset.state,
    unknown: row.querySelector(".b-unknown") !== null,
    account: row.dataset.account,
  }));

  const wanted = () => Object.fromEntries(fields.map(([name, field]) => [name, field.value]));

  function show() {
    const { text, state, account } = wanted();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of rows) {
      const fits =
        (!state || entry.state === state || (state === "outcome unknown" && entry.unknown)) &&
        (!account || entry.account === account) &&
        words.every((word) => entry.text.includes(word));
      entry.row.hidden = !fits;
      if (fits) shown += 1;
    }
    const all = rows.length;
    const noun = all === 1 ? " job" : " jobs";
    count.textContent = shown === all ? all + noun : shown + " of " + all + noun;
    none.hidden = shown > 0;
  }

  function remember() {
    const chosen = Object.entries(wanted()).filter(([, value]) => value);
    const hash = new URLSearchParams(chosen).toString();
    try {
      history.replaceState(null, "", "#" + hash);
    } catch {
      // Some viewers give a page no address to change; the filter works all the same.
    }
  }

  function recall() {
    const chosen = new URLSearchParams(location.hash.slice(1));
    for (const [name, field] of fields) field.value = chosen.get(name) ?? "";
    for (const [, field] of fields) if (field.selectedIndex === -1) field.selectedIndex = 0;
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    show();
    remember();
  });
  addEventListener("hashchange", () => {
    recall();
    show();
  });
  recall();
  show();
})();
