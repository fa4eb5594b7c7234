// The indicator on other people's pages. It runs before everything else of the page and keeps what it needs of the
// browser, so that nothing the page does later to prototypes changes what it does. It draws where no script of the page
// can reach, takes over from the bar in the page once it is seen, and knows without the network when to cover the page.
"use strict";
const doc = document, win = window, tag = doc.currentScript;
if (!tag || win.top !== win || !HTMLElement.prototype.showPopover || !doc.adoptedStyleSheets) return; // the bar in the page stays
const facts = JSON.parse(tag.dataset.stead);
tag.remove();

// bind(f)(x, …) is x.f(…), whatever becomes of f; bind(f, x)(…) too.
const bind = Function.prototype.bind.bind(Function.prototype.call);
const own = Object.getOwnPropertyDescriptor;
const get = (proto, name) => bind(own(proto, name).get), set = (proto, name) => bind(own(proto, name).set);
const D = Document.prototype, N = Node.prototype, E = Element.prototype, H = HTMLElement.prototype, S = ShadowRoot.prototype, R = DOMRectReadOnly.prototype;
const C = CSSStyleDeclaration.prototype, V = Event.prototype, K = KeyboardEvent.prototype, M = MouseEvent.prototype;

const create = bind(D.createElement, doc), draw = bind(D.createElementNS, doc), all = bind(D.querySelectorAll, doc), byID = bind(D.getElementById, doc);
const pointed = bind(D.elementFromPoint, doc), pile = bind(D.elementsFromPoint, doc), rootOf = get(D, "documentElement"), bodyOf = get(D, "body");
const focused = get(D, "activeElement"), visibility = get(D, "visibilityState"), sheetsOf = get(D, "adoptedStyleSheets"), setSheets = set(D, "adoptedStyleSheets");
const titleOf = get(D, "title"), setTitle = set(D, "title"), count = get(NodeList.prototype, "length");
const insert = bind(N.insertBefore), append = bind(N.appendChild), parent = get(N, "parentNode"), treeOf = bind(N.getRootNode), connected = get(N, "isConnected");
const setText = set(N, "textContent"), remove = bind(E.remove), matches = bind(E.matches), attribute = bind(E.setAttribute), read = bind(E.getAttribute);
const take = bind(E.removeAttribute), box = bind(E.getBoundingClientRect), up = get(N, "parentElement");
const innerRoot = get(E, "shadowRoot"), innerFocused = get(S, "activeElement"), innerPointed = bind(S.elementFromPoint), hostOf = get(S, "host");
const left = get(R, "left"), right = get(R, "right"), above = get(R, "top"), below = get(R, "bottom"), wide = get(R, "width"), tall = get(R, "height");
const styleOf = get(H, "style"), css = get(C, "cssText"), setCSS = set(C, "cssText"), put = bind(C.setProperty), value = bind(C.getPropertyValue);
const computed = bind(win.getComputedStyle, win), replace = bind(CSSStyleSheet.prototype.replaceSync);
const pop = bind(H.showPopover), unpop = bind(H.hidePopover), focus = bind(H.focus), click = bind(H.click);
const showModal = bind(HTMLDialogElement.prototype.showModal), close = bind(HTMLDialogElement.prototype.close);
const send = bind(HTMLFormElement.prototype.requestSubmit), setValue = set(HTMLInputElement.prototype, "value");
const listen = bind(EventTarget.prototype.addEventListener), stop = bind(V.preventDefault), halt = bind(V.stopImmediatePropagation), target = get(V, "target"), kind = get(V, "type");
const key = get(K, "code"), alt = get(K, "altKey"), shift = get(K, "shiftKey"), ctrl = get(K, "ctrlKey"), meta = get(K, "metaKey"), atX = get(M, "clientX"), atY = get(M, "clientY"), clicks = get(UIEvent.prototype, "detail");
const later = bind(win.setTimeout, win), every = bind(win.setInterval, win), clock = bind(performance.now, performance), date = Date.now, stamp = Date.parse;
const ask = bind(win.fetch, win), then = bind(Promise.prototype.then), json = bind(Response.prototype.json), statusOf = get(Response.prototype, "status");
const beacon = bind(navigator.sendBeacon, navigator), observe = bind(MutationObserver.prototype.observe), unobserve = bind(MutationObserver.prototype.disconnect);
const quoted = JSON.stringify, escaped = encodeURIComponent, text = String, floor = Math.floor, ceil = Math.ceil, max = Math.max, day = Date;
const iso = bind(Date.prototype.toISOString), cut = bind(String.prototype.slice), at = win.location;
const inside = { width: get(win, "innerWidth"), height: get(win, "innerHeight") };

const element = (name, className, into, words) => {
  const e = create(name);
  if (className) attribute(e, "class", className);
  if (words) setText(e, words);
  if (into) append(into, e);
  return e;
};
const show = (e, yes) => yes ? take(e, "hidden") : attribute(e, "hidden", "");
const here = () => escaped(at.pathname + at.search);
