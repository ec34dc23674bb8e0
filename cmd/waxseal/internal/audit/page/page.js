// Adds to a page that is whole without it: search, filters, sorting, expanding,
// copying, the theme. Nothing is fetched, and nothing is made of text but text.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = document.querySelector(".tools");
  const query = form.elements.q;
  const selects = all("select", form);
  const shown = document.getElementById("shown");
  const spoken = document.getElementById("spoken");
  const kinds = { image: "image", finding: "finding", note: "note", log: "log row" };

  // Rows: what can be searched. Their text is read when it is first needed.
  const rows = all("[data-row]").map((node) => ({
    node, kind: node.dataset.row, text: null,
    values: Object.fromEntries(selects.map((s) => [s.name, (node.dataset[s.name] ?? "").split("\n")])),
  }));
  const textOf = (row) => (row.text ??= row.node.textContent.toLowerCase() + " " +
    all("[data-copy]", row.node).map((n) => n.dataset.copy).join(" ").toLowerCase());

  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

  function apply() {
    const terms = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = selects.filter((s) => s.value !== "");
    const active = terms.length > 0 || chosen.length > 0;
    const counts = {};
    for (const row of rows) {
      const fits = chosen.every((s) => row.values[s.name].includes(s.value)) &&
        terms.every((t) => textOf(row).includes(t));
      row.node.hidden = !fits;
      const c = (counts[row.kind] ??= { fits: 0, of: 0 });
      c.of++;
      if (fits) c.fits++;
    }
    for (const group of all("[data-group]")) {
      const inside = all("[data-row]", group);
      const fits = inside.filter((n) => !n.hidden).length;
      group.hidden = active && fits === 0;
      group.querySelector("[data-count]").textContent = active ? `${fits} of ${inside.length}` : inside.length;
    }
    tell(counts, active);
    for (const s of selects) s.classList.toggle("on", s.value !== "");
    return active;
  }

  // tell says what is shown, to eyes and to screen readers; and on paper, so that
  // nobody takes a part for the whole.
  function tell(counts, active) {
    const parts = [];
    for (const [kind, word] of Object.entries(kinds)) {
      const c = counts[kind] ?? { fits: 0, of: 0 };
      const empty = document.querySelector(`[data-empty="${kind}"]`);
      if (empty) empty.hidden = c.of === 0 || c.fits > 0;
      const head = document.querySelector(`[data-shown="${kind}"]`);
      if (head) {
        head.dataset.all ??= head.textContent;
        head.textContent = active ? `${c.fits} of ${c.of} shown` : head.dataset.all;
      }
      if (c.of > 0) parts.push(`${c.fits} of ${plural(c.of, word)}`);
    }
    shown.textContent = active ? `Shown: ${parts.join(", ")}. The rest of the report is not filtered.` : "";
    shown.classList.toggle("on", active);
    form.classList.toggle("filtered", active);
  }

  const say = (text) => { spoken.textContent = text; };

  // State is in the address, so that a view can be sent: #?q=…&verdict=denied
  function save(active) {
    const state = new URLSearchParams();
    for (const control of [query, ...selects]) if (control.value) state.set(control.name, control.value);
    const hash = active ? "#?" + state : "#";
    if (active || location.hash.startsWith("#?")) history.replaceState(null, "", hash);
  }

  function load() {
    if (!location.hash.startsWith("#?")) return false;
    const state = new URLSearchParams(location.hash.slice(2));
    query.value = state.get("q") ?? "";
    for (const s of selects) {
      s.value = state.get(s.name) ?? "";
      if (s.selectedIndex < 0) s.value = "";
    }
    return true;
  }

  let waiting = 0;
  const update = () => { clearTimeout(waiting); save(apply()); };
  query.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, rows.length > 500 ? 120 : 0); });
  for (const s of selects) s.addEventListener("change", update);
  form.addEventListener("submit", (e) => { e.preventDefault(); update(); });
  form.addEventListener("reset", () => setTimeout(update, 0));

  document.addEventListener("keydown", (e) => {
    const typing = e.target.closest("input, select, textarea");
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) {
      e.preventDefault();
      query.focus();
      query.select();
    }
    if (e.key === "Escape" && (typing || form.classList.contains("filtered"))) {
      form.reset();
      if (e.target === query) query.blur();
    }
  });

  // A link into something that is closed or filtered out opens and shows it.
  function reveal() {
    if (load()) { apply(); return; }
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && document.getElementById(id);
    if (!target) return;
    const row = target.closest("[data-row]");
    if (row?.hidden) { form.reset(); apply(); }
    for (let n = target; n; n = n.parentElement) if (n.tagName === "DETAILS") n.open = true;
    const inner = target.matches("tbody") && target.querySelector("details");
    if (inner) inner.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);

  // Expand all, and everything on paper.
  const expand = document.getElementById("expand");
  expand.addEventListener("click", () => {
    const open = expand.getAttribute("aria-pressed") !== "true";
    for (const d of all("main details")) d.open = open;
    expand.setAttribute("aria-pressed", String(open));
    expand.textContent = open ? "Collapse all" : "Expand all";
  });
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const d of closed) d.open = true;
  });
  addEventListener("afterprint", () => { for (const d of closed) d.open = false; closed = []; });

  // Theme: the reader's system, unless they say otherwise.
  const theme = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  function setTheme(name) {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    theme.textContent = "Theme: " + name;
  }
  theme.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "auto";
    const next = themes[(themes.indexOf(now) + 1) % themes.length];
    setTheme(next);
    try { localStorage.setItem("waxseal-theme", next); } catch { /* a page from a file may have no storage */ }
  });
  try { const kept = localStorage.getItem("waxseal-theme"); if (themes.includes(kept)) setTheme(kept); } catch { /* as above */ }

  // Copying. The word on a button is CSS, so that no search finds it.
  function copier(node) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copier";
    const text = node.dataset.copy ?? node.textContent;
    button.setAttribute("aria-label", "Copy " + (text.length > 80 ? text.slice(0, 80) + "…" : text));
    button.addEventListener("click", async (e) => {
      e.preventDefault();
      const done = await copy(text);
      button.dataset.done = done ? "yes" : "no";
      say(done ? "Copied." : "Copying is not allowed here.");
      setTimeout(() => { delete button.dataset.done; }, 2000);
    });
    if (node.tagName === "PRE") node.append(button); else node.after(button);
  }
  async function copy(text) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed here: the old way */ }
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "sr";
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  }
  // Buttons of what is closed are made when it opens: large reports stay light.
  const fill = (root) => all(".copy:not([data-has])", root).forEach((n) => { n.dataset.has = ""; copier(n); });
  all(".copy").filter((n) => !n.closest("details")).forEach((n) => { n.dataset.has = ""; copier(n); });
  document.addEventListener("toggle", (e) => { if (e.target.open) fill(e.target); }, true);

  // Sorting: by what a cell says, numbers as numbers.
  const order = new Intl.Collator("en", { numeric: true }).compare;
  function sorter(table) {
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, head, column));
    });
  }
  function sort(table, head, column) {
    const down = head.getAttribute("aria-sort") === "ascending";
    all("thead th", table).forEach((h) => h.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const units = table.tBodies.length > 1 ? [...table.tBodies] : [...(table.tBodies[0]?.rows ?? [])];
    const keyOf = (u) => (u.rows ? u.rows[0] : u).cells[column].textContent.trim();
    const keyed = units.map((u) => [keyOf(u), u]);
    keyed.sort((a, b) => (down ? order(b[0], a[0]) : order(a[0], b[0])));
    const parent = units[0]?.parentNode;
    parent?.append(...keyed.map(([, u]) => u));
  }
  all("table[data-sortable]").forEach(sorter);

  // Where the reader is.
  const links = new Map(all(".toc a").map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) continue;
      links.forEach((a) => a.removeAttribute("aria-current"));
      links.get(e.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -80% 0px" });
  all("main > section").forEach((s) => seen.observe(s));

  form.hidden = false;
  if (load()) apply(); else reveal();
})();
