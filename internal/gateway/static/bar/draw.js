// The drawing: all of it is made at once, later only its words change.
const part = {};
const shapes = { // on 24 by 24: an eye, a pencil, a machine
  read: ["M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12z", "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"],
  edit: ["M4 20l1-5L16 4l4 4L9 19z", "M13.5 6.5l4 4"],
  agent: ["M5 8h14v11H5z", "M12 8V4", "M9 13h.01M15 13h.01", "M9.5 16.2h5"],
};
function icon(into, paths = shapes[facts.look]) {
  const svg = draw("http://www.w3.org/2000/svg", "svg");
  attribute(svg, "viewBox", "0 0 24 24");
  attribute(svg, "aria-hidden", "true");
  for (let i = 0; i < paths.length; i++) attribute(append(svg, draw("http://www.w3.org/2000/svg", "path")), "d", paths[i]);
  append(into, svg);
}
function input(form, name, words) {
  const f = element("input", "", form);
  attribute(f, "type", "hidden");
  attribute(f, "name", name);
  setValue(f, words);
  return f;
}
const backs = [];
const leaving = () => {
  for (let i = 0; i < backs.length; i++) setValue(backs[i], at.pathname + at.search);
  tell();
};
// In a sandbox a form of ours would come from nowhere, and a link leads to where its button is.
function ending(into) {
  if (!facts.forms) return shortcut(link(into, "end", "/.stead/end", "End session"), facts.end);
  const form = element("form", "", into);
  attribute(form, "method", "post");
  attribute(form, "action", facts.origin + "/.stead/end");
  attribute(form, "target", "_self");
  input(form, "mandate", facts.mandate);
  backs[backs.length] = input(form, "return", "/");
  shortcut(element("button", "end", form, "End session"), facts.end);
  return form;
}
function shortcut(e, keys) {
  attribute(e, "aria-keyshortcuts", keys.aria);
  attribute(e, "title", keys.shown);
  return e;
}
function link(into, className, path, words) {
  const a = element("a", className, into, words);
  attribute(a, "href", facts.origin + path);
  return a;
}
function button(into, className, words, label) {
  const b = element("button", className, into, words);
  attribute(b, "type", "button");
  if (label) attribute(b, "aria-label", label);
  return b;
}

function drawing() {
  const whole = part.whole = element("div", "", shadow);
  element("div", "frame", whole);
  const bar = part.bar = element("section", "bar", whole);
  attribute(bar, "aria-label", "Acting for somebody");
  if (facts.first && !dismissed) novel(bar);
  icon(bar);
  const said = element("p", "said", bar);
  sentence(element("span", "who", said));
  element("span", facts.look === "read" ? "fact mode short" : "fact mode", said, facts.mode);
  if (facts.clicks) element("span", "fact", said, "Clicks are recorded");
  if (facts.ticket) element("span", facts.ticket.length < 24 ? "fact short" : "fact", said, facts.ticket);
  part.time = element("span", "fact time", said);
  attribute(part.time, "role", "timer");
  part.unsaved = element("strong", "fact", said);
  const doing = element("div", "doing", bar);
  part.extend = shortcut(link(doing, "", "/.stead/extend", "Extend"), facts.extend);
  part.end = ending(doing);
  part.less = button(doing, "less", "", "Make the bar small");
  icon(part.less, ["M6 12h12"]);
  part.pill = button(whole, "pill");
  icon(part.pill);
  element("strong", "", part.pill, facts.subject);
  part.pillTime = element("span", "time", part.pill);
  part.paper = element("p", "paper", whole);
  part.status = element("p", "status", whole);
  attribute(part.status, "role", "status");
  covering(part.cover = element("dialog", "cover", whole));
}
// What is said on a first visit, until somebody has read it.
function novel(bar) {
  part.first = element("div", "first", bar);
  icon(part.first, ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z", "M12 11v5.5", "M12 7.5v.01"]);
  element("p", "said", part.first, facts.first);
  part.known = button(part.first, "", "Got it");
}
function known() {
  remove(part.first);
  focus(part.less);
  measure();
  try { keep("stead-first", facts.subject); } catch { /* it is said again on the next page */ }
}
function sentence(who) {
  const words = facts.look === "agent" ? ["", facts.actor, " acts for ", facts.subject] : ["Viewing as ", facts.subject, " \u2014 you are ", facts.actor];
  for (let i = 0; i < 4; i++) if (words[i]) element(i % 2 ? "strong" : "span", "", who, words[i]);
}
function covering(d) {
  attribute(d, "closedby", "none");
  attribute(d, "aria-labelledby", "title");
  const card = element("div", "card", d);
  icon(card);
  part.title = element("h1", "", card);
  attribute(part.title, "id", "title");
  attribute(part.title, "tabindex", "-1");
  part.why = element("p", "", card);
  part.next = element("p", "", card);
  const ways = element("p", "ways", card);
  part.see = link(ways, "main", "/.stead/end", "See what has ended");
  part.again = button(ways, "main", "Load the page again");
  part.stop = ending(element("span", "", ways));
}

// pressed is what our own buttons do. The page's listeners never hear of it, so they cannot forbid it.
function pressed(e) {
  let on = clicks(e) > 0 ? innerPointed(shadow, atX(e), atY(e)) : innerFocused(shadow);
  for (; on; on = up(on)) {
    if (on === part.less || on === part.pill) small(on === part.less);
    else if (on === part.extend) attribute(on, "target", dirty ? "_blank" : "_self"); // so that what is typed stays
    else if (on === part.see) attribute(on, "href", facts.origin + "/.stead/end?return=" + here());
    else if (on === part.again) at.reload();
    else if (on && on === part.known) known();
  }
}

let isSmall = false, isTop = facts.high;
function small(yes) {
  isSmall = yes;
  dress();
  focus(yes ? part.pill : part.less);
  try { keep("stead-bar", yes ? "small" : ""); } catch { /* full: the choice is lost, and no more */ }
}
let keep = () => {}, dismissed = false;
try {
  keep = bind(Storage.prototype.setItem, win.sessionStorage);
  isSmall = win.sessionStorage.getItem("stead-bar") === "small";
  dismissed = win.sessionStorage.getItem("stead-first") === facts.subject;
} catch { /* no storage here */ }

function dress() {
  const tiny = isSmall && !last && !over;
  attribute(part.whole, "class", "all " + (last ? "last" : facts.look) + (tiny ? " small" : "") + (isTop ? " high" : "") + (over ? " over" : ""));
  measure(true);
}
let room = "";
function measure(anew) {
  const px = isSmall && !last || over ? 0 : ceil(tall(box(part.bar))), side = isTop ? "start" : "end";
  if (!anew && room === side + px) return;
  room = side + px;
  replace(pageSheet, pageRules(side, px));
  if (!margins) setText(part.paper, onPaper());
}
// Where a browser writes nothing into the margins of a sheet, the line is drawn on it.
const probe = new CSSStyleSheet();
replace(probe, "@page { @top-center { content: '' } }");
const margins = probe.cssRules.length === 1 && probe.cssRules[0].cssText.includes("@top-center");
// pageRules is all that the page itself is given: room for the bar, lines on paper, and nothing to read under the cover.
function pageRules(side, px) {
  const line = "font: 9pt/1.3 sans-serif; color: #000; content: " + quoted(onPaper());
  return "@media screen { html { padding-block-" + side + ": " + px + "px !important; scroll-padding-block-" + side + ": " + px + "px !important } }"
    + "@page { margin-block: 20mm; @top-center { width: 100%; text-align: center; " + line + " } @bottom-center { width: 100%; text-align: center; " + line + " } }"
    + (over ? "body { visibility: hidden !important } @media print { body { display: none !important } }" : "");
}
const onPaper = () => facts.paper + ", " + cut(iso(new day(facts.now + since(born))), 0, 16) + " UTC, session " + facts.mandate;
