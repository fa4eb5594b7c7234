// The guard of pages on a host where somebody may be served as himself or as another. A page that is older than the last
// change is covered as soon as it is looked at, and what it sends says of which time it is, so that nothing goes out as
// somebody else than the page was for. It runs before everything else of the page.
"use strict";
const doc = document, win = window, tag = doc.currentScript;
if (!tag || !doc.adoptedStyleSheets) return;
const epoch = tag.dataset.epoch, origin = win.location.origin;
tag.remove();

const bind = Function.prototype.bind.bind(Function.prototype.call);
const listen = bind(EventTarget.prototype.addEventListener), setAttribute = bind(Element.prototype.setAttribute), attribute = bind(Element.prototype.getAttribute);
const ask = bind(win.fetch, win), then = bind(Promise.prototype.then), json = bind(Response.prototype.json), later = bind(win.setTimeout, win);
const setHeader = bind(XMLHttpRequest.prototype.setRequestHeader), open = bind(XMLHttpRequest.prototype.open), submit = bind(HTMLFormElement.prototype.submit);
const Ask = win.Request, Address = win.URL, Names = win.Headers, showModal = bind(HTMLDialogElement.prototype.showModal), show = bind(HTMLDialogElement.prototype.show), close = bind(HTMLDialogElement.prototype.close);
const append = bind(Node.prototype.appendChild), setText = Object.getOwnPropertyDescriptor(Node.prototype, "textContent").set;

// Requests of scripts. Those to other places are left as they are.
const unsafe = method => !/^(get|head|options)$/i.test(method || "get");
const here = to => { try { return new Address(to, doc.baseURI).origin === origin; } catch { return false; } };
win.fetch = function fetch(input, init) {
  const whole = input instanceof Ask;
  if (!unsafe(init && init.method || whole && input.method) || !here(whole ? input.url : input)) return ask(input, init);
  const r = new Ask(input, init), head = new Names(r.headers);
  head.set("Stead-Epoch", epoch);
  return ask(new Ask(r, { headers: head }));
};
XMLHttpRequest.prototype.open = function (method, url, ...more) {
  open(this, method, url, ...more);
  if (unsafe(method) && here(url)) setHeader(this, "Stead-Epoch", epoch);
};
const beacon = navigator.sendBeacon && bind(navigator.sendBeacon, navigator);
if (beacon) navigator.sendBeacon = (url, data) => beacon(here(url) ? marked(url) : url, data);

const Socket = win.WebSocket;
win.WebSocket = class WebSocket extends Socket {
  constructor(url, protocols = []) {
    const u = new Address(url, doc.baseURI);
    if (u.host === win.location.host) u.searchParams.set("stead-epoch", epoch);
    super(u.href, protocols);
  }
};

// Forms.
function marked(to) {
  const u = new Address(to || win.location.href, doc.baseURI);
  if (u.origin !== origin) return to;
  u.searchParams.set("stead-epoch", epoch);
  return u.href;
}
function mark(form, button) {
  const from = button && attribute(button, "formaction") !== null ? button : form, name = from === form ? "action" : "formaction";
  const method = button && attribute(button, "formmethod") || attribute(form, "method");
  if (!unsafe(method) || method.toLowerCase() === "dialog") return;
  const was = attribute(from, name);
  setAttribute(from, name, marked(was));
  later(() => was === null ? from.removeAttribute(name) : setAttribute(from, name, was), 0);
}
listen(win, "submit", e => { if (!e.defaultPrevented) mark(e.target, e.submitter); });
HTMLFormElement.prototype.submit = function () {
  mark(this);
  submit(this);
};

// The cover. What was typed stays beneath it and can be copied.
let cover = null;
const words = (name, text, into) => {
  const e = doc.createElement(name);
  setText.call(e, text);
  append(into, e);
  return e;
};
function hide(why) {
  if (cover) return;
  const host = doc.createElement("div");
  host.style.setProperty("display", "block", "important");
  const root = host.attachShadow({ mode: "closed" }), sheet = new CSSStyleSheet();
  sheet.replaceSync(looks);
  root.adoptedStyleSheets = [sheet];
  cover = doc.createElement("dialog");
  append(root, cover);
  setAttribute(cover, "aria-label", "This page is out of date");
  const box = words("div", "", cover);
  words("h1", "This page is out of date", box);
  words("p", why, box);
  words("p", "Nothing you typed is lost: it is still beneath. Look at it to copy it, then load the page again. This page can send nothing any more.", box);
  const again = words("button", "Load it again", box), look = words("button", "Look beneath", box);
  listen(again, "click", e => { if (e.isTrusted) win.location.reload(); });
  listen(look, "click", e => { if (e.isTrusted) part(cover.toggleAttribute("data-clear")); });
  listen(cover, "cancel", e => e.preventDefault());
  append(doc.documentElement, host);
  showModal(cover);
}
// What is under a modal dialog can be seen and not copied.
function part(clear) {
  close(cover);
  (clear ? show : showModal)(cover);
}
function reveal() {
  if (!cover) return;
  close(cover);
  cover.getRootNode().host.remove();
  cover = null;
}
function check() {
  then(ask("/.stead/status", { headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store", redirect: "error" }), r => {
    if (r.status !== 200) return hide("You are not signed in here any more, or as somebody else.");
    then(json(r), a => a.epoch === epoch ? reveal() : hide(a.acting ? "You act for " + (a.subject.shown || a.subject.name) + " here now, and this page was for somebody else."
      : "Acting for somebody has begun or ended since it was loaded."), () => {});
  }, () => {});
}
try {
  const channel = new BroadcastChannel("stead");
  listen(channel, "message", e => {
    if (typeof e.data === "string" && e.data.startsWith("epoch ") && e.data !== "epoch " + epoch) hide("Acting for somebody has begun or ended since it was loaded.");
    later(check, 50);
  });
  channel.postMessage("epoch " + epoch);
} catch { /* without a channel the page looks when it is looked at */ }
listen(win, "focus", check);
listen(doc, "visibilitychange", () => { if (doc.visibilityState === "visible") check(); });
listen(win, "pageshow", e => { if (e.persisted) check(); });
