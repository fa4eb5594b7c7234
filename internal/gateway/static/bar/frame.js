// The page around an application's own: its address, its title and its keys are those of the page within. A page in a
// sandbox tells nothing of itself; where it was led by hand the gateway notes in a cookie, and where the browser goes back
// it knows the address itself.
const framed = get(HTMLIFrameElement.prototype, "contentWindow"), write = bind(win.history.replaceState, win.history);
const cookieOf = get(D, "cookie"), setCookie = set(D, "cookie"), onKeyWithin = e => { keyed(e); tick(); };
const typedWithin = e => { dirty = dirty || e.isTrusted; }, sentWithin = () => { dirty = false; };
let around = null, named = "";
const whole = l => l.pathname + l.search + l.hash;
function follow() {
  around = around || byID("stead-app");
  if (!around || over) return;
  let to = "";
  try {
    const w = framed(around);
    if (w.location.href === "about:blank") return;
    to = whole(w.location);
    listen(w, "keydown", onKeyWithin, true);
    listen(w, "input", typedWithin, true);
    listen(w, "change", typedWithin, true);
    listen(w, "submit", sentWithin, true);
    const name = text(titleOf(w.document));
    if (name !== named) setTitle(doc, named = name);
  } catch { to = noted(); }
  if (to && to !== whole(at)) write(null, "", to);
}
function noted() {
  const all = ("; " + cookieOf(doc)).split("; stead-at=");
  if (all.length < 2) return "";
  setCookie(doc, "stead-at=; Path=/; Max-Age=0");
  const to = decodeURIComponent(all[1].split(";")[0]);
  return to[0] === "/" && to[1] !== "/" ? to : "";
}
// What was sent to the whole window is sent on into the frame; where in a page to begin only the browser knows.
function start() {
  around = byID("stead-app");
  const again = byID("stead-again");
  if (again) send(again);
  else if (around && at.hash) try { framed(around).location.replace(whole(at)); } catch { /* it begins at its top */ }
}
listen(win, "DOMContentLoaded", start);
listen(win, "load", e => {
  if (!around || target(e) !== around) return;
  follow();
  dirty = false;
  poll(true);
}, true);
// A page that does not want to be in a frame loads itself into the window, for ever. Nobody asked for that.
if (win.navigation) {
  const way = NavigateEvent.prototype, toward = get(way, "destination"), byHand = get(way, "userInitiated"), how = get(way, "navigationType");
  const address = get(NavigationDestination.prototype, "url"), stays = get(NavigationDestination.prototype, "sameDocument");
  listen(win.navigation, "navigate", e => {
    if (stays(toward(e)) || byHand(e) || how(e) === "reload" || how(e) === "traverse") return;
    try { if (address(toward(e)) === framed(around).location.href) stop(e); } catch { /* it goes where it says */ }
  }, true);
}
every(follow, 500);
