// A manifest that is being written: form and text change each other while somebody types. What is made of it comes from the
// server, as the same page that its buttons give; without this script those do it.
(() => {
  "use strict";
  const PAUSE_MS = 400;
  // A list of files may come from a file: it is put where it can be looked at.
  const list = document.getElementById("list");
  if (list) {
    document.getElementById("pick").hidden = false;
    list.addEventListener("change", async () => {
      if (list.files[0]) document.getElementById("paths").value = await list.files[0].text();
    });
  }

  const form = document.getElementById("draft");
  const text = document.getElementById("manifest");
  if (!form || !text) return;

  let waiting = 0;
  let asked = 0;
  const controls = () => [...form.elements].filter((element) => element.name && element.name !== "key");

  // Takes over what the server made of it: what is said, and the side that nobody types into.
  const take = (page, sent) => {
    const made = page.getElementById("draft");
    if (!made) return;
    const fields = document.getElementById("fields");
    const others = made.querySelector("#fields");
    if (fields.dataset.shown !== others.dataset.shown) {
      const focus = document.activeElement && document.activeElement.id;
      fields.replaceWith(others);
      if (focus && document.getElementById(focus)) document.getElementById(focus).focus();
    }
    for (const element of form.querySelectorAll("[data-told]")) {
      const told = made.querySelector(`#${CSS.escape(element.id)}`) || page.getElementById(element.id);
      if (told && told.innerHTML !== element.innerHTML) element.replaceChildren(...told.childNodes);
    }
    for (const control of controls()) {
      const other = page.querySelector(`#draft [name="${CSS.escape(control.name)}"]`);
      if (!other) continue;
      if (other.hasAttribute("aria-invalid")) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
      const isTyped = control === document.activeElement || control.value !== sent.get(control);
      if (control.name === "was" || (!isTyped && control.value !== other.value)) control.value = other.value;
    }
  };

  const check = async () => {
    clearTimeout(waiting);
    waiting = 0;
    const number = (asked += 1);
    const sent = new Map(controls().map((control) => [control, control.value]));
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body, redirect: "error" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (number === asked) take(page, sent);
    } catch {
      document.getElementById("told").textContent = form.dataset.silent;
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(check, PAUSE_MS);
  });
  // Whoever goes over to the other side finds there what was said on this one.
  form.addEventListener("focusout", () => {
    if (waiting) check();
  });

  // What is said of a line leads to it.
  form.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a[data-line]");
    if (!link || link.hash !== "#manifest") return;
    event.preventDefault();
    const lines = text.value.split("\n");
    const line = Number(link.dataset.line) - 1;
    const begin = lines.slice(0, line).reduce((sum, each) => sum + each.length + 1, 0);
    text.focus();
    text.setSelectionRange(begin, begin + (lines[line] || "").length);
  });
})();
