// Clicks on buttons and links, where the application's rules have them recorded: what stands on them and on which page,
// never what stands in a field.
if (facts.clicks) {
  const holds = bind(E.querySelector), inner = get(N, "textContent"), trimmed = bind(String.prototype.trim), squeeze = bind(String.prototype.replace);
  const pressable = "a[href], button, summary, input[type=submit], input[type=button], input[type=reset], input[type=image], [role=button], [role=link], [role=tab], [role=menuitem]";
  const fields = "input, textarea, select, [contenteditable]";
  let batch = [], waits = false;
  const label = e => {
    const said = read(e, "aria-label") || matches(e, "input") && (read(e, "value") || read(e, "alt"))
      || !matches(e, "[contenteditable], [contenteditable] *") && !holds(e, fields) && inner(e) || read(e, "title") || "";
    return cut(trimmed(squeeze(cut(said, 0, 400), /\s+/g, " ")), 0, 80);
  };
  const report = () => {
    waits = false;
    if (!batch.length) return;
    const said = quoted({ mandate: facts.mandate, page: at.pathname, clicks: batch });
    batch = [];
    try { beacon(facts.origin + "/.stead/clicks", said); } catch { /* forbidden by the page: nothing is recorded then */ }
  };
  listen(win, "click", e => {
    if (!e.isTrusted || over || target(e) === host) return;
    let on = target(e);
    while (on && !(on instanceof Element && matches(on, pressable))) on = up(on);
    if (!on) return;
    batch[batch.length] = { kind: matches(on, "a, [role=link]") ? "link" : "button", label: label(on) };
    if (batch.length >= 20) report();
    else if (!waits) { waits = true; later(report, 2000); }
  }, true);
  listen(win, "pagehide", report);
  listen(doc, "visibilitychange", () => { if (visibility(doc) === "hidden") report(); });
}
