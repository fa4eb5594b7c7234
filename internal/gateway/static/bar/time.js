// Time. The ends are the server's, counted from when its answer came; whichever clock of this machine went further counts,
// so that neither sleep nor a clock set back makes it later.
const born = { steady: clock(), wall: date() };
const since = from => max(clock() - from.steady, date() - from.wall);
let base, ends, warnFor, what = facts.what, extensions = facts.extensions;
const began = (left, warning, age) => {
  base = { steady: clock() - age, wall: date() - age };
  ends = left;
  warnFor = warning;
};
const remains = () => ends - since(base);
const arrived = performance.getEntriesByType("navigation")[0];
began(facts.left, facts.warn, arrived && arrived.responseStart > 0 ? max(0, clock() - arrived.responseStart) : 0);

let last = false, shownTime = "", dirty = false, over = "";
const two = n => n < 10 ? "0" + n : text(n);
const lastWords = { mandate: "Ends in ", "mandate-idle": "Idle: ends in ", "session-idle": "Your session is idle: ends in ", session: "Your session ends in " };
const lasting = s => {
  const h = floor(s / 3600), m = floor(s / 60) % 60;
  return last ? (lastWords[what] || lastWords.mandate) + floor(s / 60) + ":" + two(s % 60) : (h ? h + ":" : "") + two(m) + ":" + two(s % 60) + " left";
};
function tick() {
  const ms = remains(), s = max(0, ceil(ms / 1000));
  if (ms <= 0) {
    if (!over) cover(what);
    return;
  }
  if (last !== ms <= warnFor) {
    last = !last;
    show(part.less, !last);
    dress();
    setText(part.status, last ? "Acting for " + facts.subject + " ends in " + s + (s > 1 ? " seconds." : " second.") + (dirty ? " What you typed is not saved." : "") : "");
  }
  const words = lasting(s);
  if (words !== shownTime) {
    shownTime = words;
    setText(part.time, words);
    setText(part.pillTime, words);
    setText(part.unsaved, last && dirty ? "what you typed is not saved" : "");
    show(part.unsaved, last && dirty);
    show(part.extend, extensions > 0);
  }
}

// The server's word, where the page's policy lets it through: an extension, or an end before its time. It is no activity.
let forbiddenToAsk = win.origin === "null", asked = -1e9;
function poll(soonest) {
  if (forbiddenToAsk || !soonest && (clock() - asked < 1000 || visibility(doc) !== "visible")) return;
  asked = clock();
  const sent = asked;
  then(ask(facts.origin + "/.stead/status", { headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store", redirect: "error" }), r => {
    const s = statusOf(r);
    if (s === 200) then(json(r), a => heard(a, sent), () => {});
    else if (s >= 400 && s < 500 && s !== 408 && s !== 429) ended();
  }, () => {});
}
function heard(a, sent) {
  const left = stamp(a.until) - stamp(a.now);
  if (!a.acting || a.mandate !== facts.mandate || !(left > 0)) {
    ended();
    return;
  }
  began(left, stamp(a.until) - stamp(a.warn_at), clock() - sent);
  what = text(a.warns_of);
  extensions = a.extensions_left;
  if (over && over !== "hidden") uncover();
  shownTime = "";
  tick();
}
const ended = () => { if (!over) cover("ended"); };

// Pages of one host tell each other to look again. They tell nothing else: any script could say it.
let tell = () => {};
try {
  const channel = new BroadcastChannel("stead"), post = bind(BroadcastChannel.prototype.postMessage, channel);
  listen(channel, "message", () => { later(poll, 300); later(poll, 2000); });
  tell = () => { try { post("look"); } catch { /* the page goes */ } };
} catch { /* there is no channel here: every page finds out by itself */ }
