// Looks for what keeps people from reading the page. The value is {Problems, Texts}.
(() => {
  const problems = [];
  const all = (s, root = document) => [...root.querySelectorAll(s)];
  const seen = (n) => n.checkVisibility({ visibilityProperty: true });

  if (!document.documentElement.lang) problems.push("no language");
  if (!document.title.trim()) problems.push("no title");
  for (const mark of ["main", "nav", "footer", "[role=search]"]) {
    if (all(mark).length !== 1) problems.push(`${all(mark).length} of ${mark}`);
  }
  const ids = new Set();
  for (const n of all("[id]")) {
    if (ids.has(n.id)) problems.push(`two elements have the id ${n.id}`);
    ids.add(n.id);
  }
  for (const n of all("[aria-labelledby], [aria-describedby]")) {
    const id = n.getAttribute("aria-labelledby") ?? n.getAttribute("aria-describedby");
    if (!document.getElementById(id)) problems.push(`nothing has the id ${id}`);
  }
  for (const n of all("input, select, button")) {
    const name = n.getAttribute("aria-label") || [...(n.labels ?? [])].map((l) => l.textContent).join("") || (n.tagName === "BUTTON" && n.textContent);
    if (!name || !name.trim()) problems.push(`no label: ${n.tagName} ${n.id}`);
  }
  let level = 0;
  for (const h of all("h1, h2, h3, h4, h5, h6").filter(seen)) {
    const now = Number(h.tagName[1]);
    if (now > level + 1) problems.push(`heading ${h.tagName} after H${level}: ${h.textContent}`);
    level = now;
  }
  if (all("h1").length !== 1) problems.push(`${all("h1").length} of h1`);
  for (const t of all("table")) {
    if (!t.caption?.textContent.trim()) problems.push("a table has no caption");
    if (!all("thead th", t).length) problems.push("a table has no heads");
    for (const th of all("th", t)) if (!th.scope) problems.push(`no scope: ${th.textContent}`);
  }
  for (const svg of all("svg")) {
    const hidden = svg.getAttribute("aria-hidden") === "true";
    if (!hidden && !(svg.getAttribute("role") === "img" && svg.getAttribute("aria-label"))) problems.push("a picture has no text");
  }
  for (const n of all("[tabindex]")) if (n.tabIndex > 0) problems.push("an order of its own for the keyboard");
  for (const s of all(".scroll")) if (s.tabIndex !== 0 || !s.getAttribute("aria-label")) problems.push("what scrolls cannot be reached by keyboard");

  // Contrast (WCAG 2, 1.4.3): text against the nearest background that is not transparent.
  const parts = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (n) => {
    for (; n; n = n.parentElement) {
      const c = parts(getComputedStyle(n).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const at = n.parentElement;
    if (!n.data.trim() || !seen(at) || at.closest("script, style, option")) continue;
    texts++;
    const c = contrast(parts(getComputedStyle(at).color), behind(at));
    if (c < 4.5) problems.push(`contrast ${c.toFixed(1)}: text "${n.data.trim().slice(0, 40)}"`);
  }
  return { Problems: problems, Texts: texts };
})()
