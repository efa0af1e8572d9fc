// What a page does beside htmx: says when it is not live, takes what a scanner types, and moves between cards by arrows.
// Without it every page works, and shows what was when it was loaded.
(() => {
  "use strict";
  const SILENT_MS = 15000;
  // From one key of a scanner to the next on average, and at most.
  const SCAN_GAP_MS = 40;
  const SCAN_PAUSE_MS = 250;
  const SCAN_CHARS = 5;
  const scan = document.getElementById("scan");
  const banner = document.getElementById("not-live");
  let live = document.querySelector(".live");

  // A stream that tells nothing for a while is dead, whatever the connection says.
  if (live) {
    let heard = Date.now();
    const alive = () => {
      heard = Date.now();
      banner.hidden = true;
    };
    // htmx connects again when a stream ends, and not when it never began.
    let begun = heard;
    const connect = () => {
      begun = Date.now();
      const fresh = live.cloneNode(false);
      live.replaceWith(fresh);
      live = fresh;
      htmx.process(live);
    };
    const look = () => {
      if (document.hidden || Date.now() - heard < SILENT_MS) return;
      if (Date.now() - begun >= SILENT_MS) connect();
      const since = new Date(heard).toLocaleTimeString();
      const told = banner.dataset.says.replace("{since}", since);
      if (banner.hidden || banner.textContent !== told) {
        banner.textContent = told;
        banner.hidden = false;
      }
    };
    document.addEventListener("htmx:sse:after:message", alive);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) heard = Date.now();
    });
    setInterval(look, 1000);

    const title = document.title;
    const count = () => {
      const waiting = document.getElementById("waiting");
      const number = waiting ? Number(waiting.dataset.count) : 0;
      document.title =
        number > 0 ? banner.dataset.title.replace("{count}", number).replace("{title}", title) : title;
    };
    count();
    document.addEventListener("htmx:sse:after:message", count);
  }

  // A scanner types faster than anybody, and ends with Enter. What it types outside of a field goes to the scan box.
  let typed = "";
  let begun = 0;
  let last = 0;
  const isField = (element) =>
    element instanceof Element && element.matches("input:not([type=checkbox]), textarea, select");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !scan || isField(event.target)) return;
    // When the key was pressed: a page that is busy hears of it late.
    if (event.timeStamp - last > SCAN_PAUSE_MS) typed = "";
    if (!typed) begun = event.timeStamp;
    last = event.timeStamp;
    // What is scanned presses no button that happens to have the focus, however slow the scanner is: its blanks and its
    // end are no presses.
    if (typed && (event.key === "Enter" || event.key === " ")) event.preventDefault();
    if (event.key === "Enter" || event.key === "Tab") {
      if (typed.length >= SCAN_CHARS && (last - begun) / typed.length <= SCAN_GAP_MS) {
        event.preventDefault();
        scan.value = typed;
        scan.form.requestSubmit();
      }
      typed = "";
      return;
    }
    if (event.key.length === 1) typed += event.key;
    if (event.key === "/" && typed === "/") {
      event.preventDefault();
      typed = "";
      scan.focus();
    }
  });

  // Some browsers press a button when the key is let go.
  document.addEventListener("keyup", (event) => {
    if (event.key === " " && typed.trim() && !isField(event.target)) event.preventDefault();
  });

  // A button pressed twice acts once: the server sees to it, and this spares it the second.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.method === "post") form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !(event.target instanceof Element) || !event.target.matches("article.card")) return;
    const cards = [...document.querySelectorAll("article.card")];
    const next = cards[cards.indexOf(event.target) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
})();
