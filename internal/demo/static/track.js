// Draws the orders from the interface, filters without loading a page, and keeps the address in step.
const list = document.getElementById("track");
const live = document.getElementById("live");
const views = document.getElementById("views");
const states = ["", "placed", "packed", "shipped", "delivered", "cancelled"];

function element(name, text, properties) {
  const e = document.createElement(name);
  e.textContent = text;
  return Object.assign(e, properties);
}

function row(order) {
  const li = document.createElement("li");
  li.append(
    element("a", `Order ${order.id}`, { href: `/orders/${order.id}` }), " ",
    element("span", order.status, { className: `status ${order.status}` }), " ",
    element("span", order.lines.map((l) => l.article).join(", ")),
  );
  return li;
}

async function draw() {
  const status = new URLSearchParams(location.search).get("status") || "";
  const res = await fetch(`/api/orders?status=${encodeURIComponent(status)}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!res?.ok) {
    live.textContent = res ? `Not up to date: the shop answered ${res.status}.` : "Not up to date: the shop did not answer.";
    return;
  }
  const found = await res.json();
  list.replaceChildren(...found.orders.map(row));
  live.textContent = `${found.count} ${status || "in all"}, as of ${new Date().toLocaleTimeString()}.`;
  for (const a of views.children) a.ariaCurrent = a.dataset.status === status ? "page" : null;
}

for (const status of states) {
  const a = element("a", status || "all", { href: status ? `?status=${status}` : "/track" });
  a.dataset.status = status;
  a.addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState({}, "", a.href);
    document.title = `Track ${status || "all"} · Acme Orders`;
    draw();
  });
  views.append(a, " ");
}
views.hidden = false;
addEventListener("popstate", draw);
setInterval(() => fetch("/api/heartbeat").catch(() => {}), 15000);
draw();
