// Where the host is: before the body, so that its buttons are the first that Tab comes to. While a modal dialog makes the
// rest of the page inert it is in that one.
let host, shadow, wanted;
function modal() {
  let e = focused(doc);
  for (let inner = e && innerRoot(e); inner && innerFocused(inner); inner = e && innerRoot(e)) e = innerFocused(inner);
  for (; e; e = up(e) || hosting(e)) if (matches(e, "dialog:modal")) return e;
  const open = all("dialog:modal");
  return count(open) ? open[count(open) - 1] : null;
}
function hosting(e) {
  try { return hostOf(treeOf(e)); } catch { return null; } // the document is in nothing
}
function settle() {
  const root = rootOf(doc), to = !over && modal() || root;
  if (!to) return;
  if (parent(host) !== to) {
    const body = bodyOf(doc);
    insert(to, host, body && parent(body) === to ? body : null);
  }
  if (css(styleOf(host)) !== wanted) setCSS(styleOf(host), wanted);
  if (read(host, "popover") !== "manual") attribute(host, "popover", "manual");
  take(host, "inert");
  if (!matches(host, ":popover-open")) raise();
  const list = sheetsOf(doc), mine = [];
  for (let i = 0; i < list.length; i++) {
    if (list[i] === pageSheet) return;
    mine[i] = list[i];
  }
  mine[mine.length] = pageSheet;
  setSheets(doc, mine);
}
function raise() {
  try {
    if (matches(host, ":popover-open")) unpop(host);
    pop(host);
  } catch { /* in no document just now: at the next look */ }
}

// seen tells whether the bar is drawn where it can be read, reached whether a click would come to it.
const drawn = () => isSmall && !last ? part.pill : part.bar;
function seen() {
  if (!connected(host) || !matches(host, ":popover-open") || css(styleOf(host)) !== wanted) return false;
  const r = box(drawn()), c = computed(host);
  return wide(r) >= 40 && tall(r) >= 20 && above(r) >= -1 && left(r) >= -1 && below(r) <= inside.height(win) + 1 && right(r) <= inside.width(win) + 1
    && value(c, "visibility") === "visible" && value(c, "display") === "block" && value(c, "opacity") === "1" && value(c, "clip-path") === "none"
    && value(c, "transform") === "none" && value(c, "filter") === "none";
}
function reached() {
  const r = box(drawn()), y = (above(r) + below(r)) / 2;
  for (let i = 1; i < 4; i++) if (pointed(left(r) + wide(r) * i / 4, y) !== host) return false;
  return true;
}

let badSince = 0, lost = 0;
function look() {
  repairs = 0;
  wire();
  if (visibility(doc) !== "visible" || inside.width(win) < 60 || inside.height(win) < 60) { badSince = 0; return; }
  if (over) {
    lost = hold() ? 0 : lost + 1;
    if (lost > 2) at.replace(facts.origin + "/.stead/end?return=" + here()); // a page that does not bear the cover is left
    return;
  }
  const was = seen() && reached();
  settle();
  if (!was) raise();
  const is = seen();
  // Raised and still not reached it is inert, under a dialog that cannot be found; but nothing is above it.
  if (is && (was || !reached())) badSince = 0;
  else if (!badSince) badSince = clock();
  else if (clock() - badSince >= 5000) { hidden(); return; }
  if (is) takeOver();
  aside();
}
function hidden() {
  badSince = 0;
  if (!forbiddenToAsk) try { beacon(facts.origin + "/.stead/hidden", ""); } catch { /* forbidden by the page: covered all the same */ }
  cover("hidden");
}
// aside moves the bar to the other edge, once, where something of the page's is fixed at this one and nothing there.
let moved = false;
function aside() {
  const r = box(part.bar);
  if (moved || isSmall || !fixed(above(r), below(r))) return;
  moved = true;
  const end = inside.height(win);
  if (!fixed(isTop ? end - tall(r) : 0, isTop ? end : tall(r))) isTop = !isTop;
  dress();
}
// fixed tells whether something of the page's is fixed between two heights, be it a low strip or a button in a corner.
function fixed(from, to) {
  const end = inside.width(win);
  for (let y = from + 8; y < to; y += 16) for (let i = 0; i < 5; i++) {
    const under = pile(i === 0 ? 24 : i === 4 ? end - 24 : end * i / 4, y);
    for (let j = 0; j < under.length && j < 3; j++) for (let e = under[j]; e && e !== host; e = up(e)) {
      const p = value(computed(e), "position");
      if ((p === "fixed" || p === "sticky") && tall(box(e)) < inside.height(win) / 2) return true;
    }
  }
  return false;
}
// takeOver removes the bar that stands in the page for who has no script. It tells whether it was there.
function takeOver() {
  const bar = byID("stead-bar"), ids = ["stead-frame", "stead-style", "stead-paper"];
  for (let i = 0; i < ids.length; i++) {
    const e = byID(ids[i]);
    if (e) remove(e);
  }
  if (bar) remove(bar);
  return !!bar;
}
