// What lives on Stead's pages: time that runs down, rows that come, keys. Every page is whole without it.
const clock = document.getElementById("clock");
const ahead = clock ? Date.parse(clock.dataset.now) - Date.now() : 0;
const now = () => Date.now() + ahead;

// Time runs down by the server's clock.
function left(ms) {
	const s = Math.max(0, Math.floor(ms / 1000));
	const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
	if (s === 0) return "no time";
	if (h >= 48) return Math.floor(h / 24) + " days";
	if (h > 0) return h + " h" + (m ? " " + m + " min" : "");
	if (m > 0) return m + " min" + (s % 60 ? " " + (s % 60) + " s" : "");
	return s + " s";
}
function tick() {
	for (const e of document.querySelectorAll("[data-until]")) {
		const text = left(Date.parse(e.dataset.until) - now());
		if (e.textContent !== text) e.textContent = text;
	}
}
if (document.querySelector("[data-until]")) {
	tick();
	setInterval(tick, 1000);
}

// What the page shows comes again when something has happened.
const live = document.getElementById("live");
const fresh = document.getElementById("fresh");
const holds = (e) => e && e.contains(document.activeElement);
let waiting = null;
let timer = 0;

async function fetched() {
	const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
	if (!answer.ok || answer.redirected) throw new Error(answer.status);
	return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function put(page, ids) {
	for (const id of ids) {
		const here = document.getElementById(id), there = page.getElementById(id);
		if (here && there && !holds(here) && here.innerHTML !== there.innerHTML) {
			const open = [...here.querySelectorAll("details")].map((d) => d.open);
			here.replaceChildren(...there.cloneNode(true).childNodes);
			here.querySelectorAll("details").forEach((d, i) => { d.open = open[i] || false; });
		}
	}
	tick();
}

function newer(page) {
	const last = Number(live.dataset.last);
	return [...page.querySelectorAll("#rows tr")].filter((r) => Number(r.dataset.number) > last);
}

function load(page) {
	const rows = document.getElementById("rows"), there = page.getElementById("rows");
	if (rows && there) {
		const last = Number(live.dataset.last);
		rows.replaceChildren(...there.cloneNode(true).childNodes);
		for (const r of rows.rows) if (Number(r.dataset.number) > last) r.classList.add("new");
		live.dataset.last = page.getElementById("live").dataset.last;
	}
	put(page, live.dataset.parts.split(" "));
	waiting = null;
	if (fresh) fresh.hidden = true;
}

async function look() {
	timer = 0;
	let page;
	try { page = await fetched(); } catch { return; }
	if (!page.getElementById("live")) return;
	if (!document.getElementById("rows")) return load(page);
	const some = newer(page).length;
	if (some === 0) return;
	const table = document.getElementById("rows").getBoundingClientRect();
	if (!holds(live) && table.top >= 0 && document.getSelection().isCollapsed) return load(page);
	waiting = page;
	fresh.textContent = some + (some === 1 ? " new row" : " new rows");
	fresh.hidden = false;
}

if (live && live.dataset.stream) {
	if (fresh) fresh.addEventListener("click", () => {
		const page = waiting;
		live.scrollIntoView({ block: "nearest" });
		if (page) load(page);
	});
	const watching = document.getElementById("watching");
	const soon = () => { timer ||= setTimeout(look, 400); };
	let stop = null, again = 1000;
	// The stream names its events by their kinds, of which there are many: whatever comes is a reason to look.
	async function watch() {
		const control = stop = new AbortController();
		try {
			const answer = await fetch(live.dataset.stream, { headers: { Accept: "text/event-stream" }, signal: control.signal });
			if (!answer.ok) return; // the session is over, or its rights are
			document.documentElement.dataset.watching = "yes";
			if (watching) { watching.textContent = "Watching: what happens comes here by itself."; watching.hidden = false; }
			again = 1000;
			const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
			for (let part = await reader.read(); !part.done; part = await reader.read()) {
				if (part.value.includes("data:")) soon();
			}
		} catch { /* cut off, or told to stop */ }
		if (control.signal.aborted) return;
		again = Math.min(again * 2, 60000);
		setTimeout(() => { if (stop === control) { soon(); watch(); } }, again);
	}
	addEventListener("pagehide", () => stop.abort());
	document.addEventListener("visibilitychange", () => {
		if (document.hidden) return stop.abort();
		soon();
		watch();
	});
	watch();
}

// Where nobody may follow the stream, the parts come again every few seconds.
if (live && live.dataset.every) setInterval(() => { if (!document.hidden) look(); }, live.dataset.every * 1000);

// Brushing over bars takes all of their time; a single bar is a link of its own.
const barAt = (e) => e.target.closest && e.target.closest(".graph svg a");
const barsTo = (a, b) => {
	const all = [...a.parentNode.querySelectorAll("a")], i = all.indexOf(a), j = all.indexOf(b);
	return all.slice(Math.min(i, j), Math.max(i, j) + 1);
};
let brushed = null;
const unbrush = () => { for (const a of document.querySelectorAll(".graph a.brushed")) a.classList.remove("brushed"); };
addEventListener("dragstart", (e) => { if (barAt(e)) e.preventDefault(); });
addEventListener("pointerdown", (e) => { brushed = barAt(e); });
addEventListener("pointermove", (e) => {
	const to = barAt(e);
	if (!brushed || !to || to.parentNode !== brushed.parentNode) return;
	unbrush();
	for (const a of barsTo(brushed, to)) a.classList.add("brushed");
});
addEventListener("pointerup", (e) => {
	const from = brushed, to = barAt(e);
	brushed = null;
	unbrush();
	if (!from || !to || from === to || to.parentNode !== from.parentNode) return;
	const some = barsTo(from, to), address = new URL(some[0].getAttribute("href"), location.href);
	const until = new URL(some[some.length - 1].getAttribute("href"), location.href).searchParams.get("q").match(/ to:\S+/);
	address.searchParams.set("q", address.searchParams.get("q").replace(/ to:\S+/, until));
	location.assign(address);
});

// Keys, which can be switched off (WCAG 2.1.4).
const dialog = document.getElementById("keys");
const on = document.getElementById("keys-on");
const kept = "stead-keys";
const remembered = () => { try { return localStorage.getItem(kept); } catch { return null; } };
if (on) {
	on.checked = remembered() !== "off";
	on.addEventListener("change", () => { try { localStorage.setItem(kept, on.checked ? "on" : "off"); } catch { /* it is not remembered then */ } });
	const foot = document.querySelector("footer p");
	if (foot) {
		const button = document.createElement("button");
		button.type = "button";
		button.className = "foot-keys";
		button.textContent = "Keys";
		button.addEventListener("click", () => dialog.showModal());
		foot.append(" ", button);
	}
}
const places = { h: "/", c: "/act", r: "/requests", m: "/mandates", a: "/audit", e: "/reports", i: "/me",
	n: "/agents", p: "/people", l: "/policies", s: "/settings", t: "/health" };
let going = 0;

function step(by) {
	const items = [...document.querySelectorAll("[data-list] [data-item], .cards .card, .entries > li > a")];
	if (!items.length) return false;
	const at = items.indexOf(document.activeElement);
	const to = items[at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + by))];
	to.focus();
	to.scrollIntoView({ block: "nearest" });
	return true;
}

addEventListener("keydown", (e) => {
	if (!on || !on.checked && e.key !== "?" || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
	if (e.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
	if (going && now() - going < 1500 && places[e.key]) {
		going = 0;
		e.preventDefault();
		const link = document.querySelector(`nav a[href="${places[e.key]}"]`);
		if (link) link.click();
		return;
	}
	going = e.key === "g" ? now() : 0;
	const search = document.querySelector("[data-search]");
	if (e.key === "/" && search) { search.focus(); search.select(); }
	else if (e.key === "?" && on.checked) dialog.showModal();
	else if (document.querySelector(`main [data-key="${CSS.escape(e.key)}"]`)) document.querySelector(`main [data-key="${CSS.escape(e.key)}"]`).focus();
	else if (e.key === "j" && step(1)) { /* moved */ }
	else if (e.key === "k" && step(-1)) { /* moved */ }
	else return;
	e.preventDefault();
});
