// Repairs are prompt but not endless: a page that fights is left to the look every two seconds.
let repairs = 0, due = false;
function soon(e) {
  if (due || repairs > 30 || e && kind(e) === "toggle" && target(e) === host) return;
  due = true;
  repairs++;
  later(() => {
    due = false;
    wire();
    if (over) { hold(); return; }
    settle();
    if (!reached()) raise();
  }, 0);
}

// wire listens anew: a page that writes itself anew takes every listener with it. Who listens twice hears once.
function wire() {
  for (let i = 0; i < onWindow.length; i++) listen(win, onWindow[i][0], onWindow[i][1], true);
  listen(part.end, "submit", leaving);
  listen(part.stop, "submit", leaving);
  listen(part.cover, "cancel", stop);
}
const mine = e => { if (target(e) === host) halt(e); };
const shown = () => { tick(); poll(); soon(); };
const typed = e => { dirty = dirty || e.isTrusted && target(e) !== host; };
const is = (e, k) => key(e) === k.code && alt(e) === k.alt && shift(e) === k.shift && ctrl(e) === k.ctrl && meta(e) === k.meta;
const keyed = e => {
  const ends = e.isTrusted && is(e, facts.end), asks = e.isTrusted && extensions > 0 && is(e, facts.extend);
  if (!ends && !asks) return;
  stop(e);
  halt(e);
  if (ends) facts.forms ? send(part.end) : click(part.end);
  else { attribute(part.extend, "target", dirty ? "_blank" : "_self"); click(part.extend); }
};
const onWindow = [
  ["keydown", e => { keyed(e); mine(e); }],
  ["click", e => {
    if (target(e) !== host) return;
    halt(e);
    if (e.isTrusted) pressed(e);
  }],
  ["keyup", mine], ["keypress", mine], ["pointerdown", mine], ["pointerup", mine], ["mousedown", mine], ["mouseup", mine], ["touchstart", mine], ["touchend", mine],
  ["toggle", soon], ["close", soon], ["fullscreenchange", soon], ["resize", soon], ["DOMContentLoaded", () => look()], ["load", () => look()],
  ["input", typed], ["change", typed], ["submit", () => { dirty = false; }],
  ["visibilitychange", shown], ["focus", e => { if (target(e) === win) shown(); }], ["pageshow", shown], ["beforeprint", () => measure(true)],
  ["securitypolicyviolation", e => {
    const uri = text(e.blockedURI);
    // A policy in the page may forbid the form; a link leads to where it can be pressed.
    if (e.effectiveDirective === "form-action" && uri === facts.origin + "/.stead/end") at.assign(uri + "?return=" + here());
    if (e.effectiveDirective === "connect-src" && uri === facts.origin + "/.stead/status") forbiddenToAsk = true;
  }],
];
const ourPaths = facts.origin + "/.stead/";
// The page is asked whether other ways may be gone; ours may always. What it writes itself, in a blob or where nothing
// stands, is no page of the server's and carries no indicator: there it may not go in this tab.
if (win.navigation) {
  const way = NavigateEvent.prototype, toward = get(way, "destination"), saves = own(way, "downloadRequest") ? get(way, "downloadRequest") : () => null;
  const address = get(NavigationDestination.prototype, "url");
  listen(win.navigation, "navigate", e => {
    const to = address(toward(e));
    if (cut(to, 0, ourPaths.length) === ourPaths) halt(e);
    else if ((cut(to, 0, 5) === "blob:" || cut(to, 0, 5) === "data:" || cut(to, 0, 6) === "about:") && saves(e) === null) { stop(e); halt(e); }
  }, true);
}

const rules = { all: "initial", display: "block", position: "fixed", inset: "0", width: "100%", height: "100%", "max-width": "none", "max-height": "none", margin: "0",
  padding: "0", border: "0", background: "none", overflow: "visible", visibility: "visible", opacity: "1", transform: "none", translate: "none", scale: "none", rotate: "none",
  filter: "none", "clip-path": "none", mask: "none", contain: "none", "content-visibility": "visible", zoom: "1", animation: "none", transition: "none",
  "pointer-events": "none", "user-select": "none", "z-index": "2147483647", "color-scheme": "only light", direction: "ltr" };
// Whoever is told when it comes and goes must be an element of its own kind; one that nobody else may look into.
class Indicator extends HTMLElement {
  static disabledFeatures = ["internals"];
  connectedCallback() { soon(); }
  disconnectedCallback() { soon(); }
}
customElements.define("stead-indicator", Indicator);
host = create("stead-indicator");
for (const name in rules) put(styleOf(host), name, rules[name], "important");
wanted = css(styleOf(host));
shadow = host.attachShadow({ mode: "closed" });
const pageSheet = new CSSStyleSheet(), sheet = new CSSStyleSheet();
replace(sheet, looks);
shadow.adoptedStyleSheets = [sheet];
drawing();
const changes = new MutationObserver(() => soon());
observe(changes, host, { attributes: true });
observe(changes, doc, { subtree: true, attributes: true, attributeFilter: ["open"] });
wire();
settle();
dress();
tick();
new ResizeObserver(() => measure()).observe(part.bar);
const parsing = new MutationObserver(() => { if (byID("stead-bar") && seen() && takeOver()) unobserve(parsing); });
observe(parsing, doc, { childList: true, subtree: true });
every(tick, 500);
every(look, 2000);
every(poll, 3000);
tell();
