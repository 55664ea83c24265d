// Offers the time zone of the browser first where one is asked for. None is chosen by itself: which
// zone a time is in, stands in the form.
"use strict";

function offerOwnZone() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const list of document.querySelectorAll("datalist[data-own-zone]")) {
    if (!own || (list.options[0] && list.options[0].value === own)) continue;
    for (const one of [...list.options]) if (one.value === own) one.remove();
    const option = document.createElement("option");
    option.value = own;
    option.label = list.dataset.ownZone;
    list.prepend(option);
  }
}

offerOwnZone();
document.addEventListener("jobledger:shown", offerOwnZone);
