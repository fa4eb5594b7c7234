// The cover. What is over by the clock may have been extended elsewhere: only the server can say so.
const yours = "This page showed what belongs to " + facts.subject + ", so it is covered.";
const stories = {
  mandate: ["The time to act for " + facts.subject + " is over", yours + " Nothing more is sent as " + facts.subject + "."],
  "mandate-idle": ["Acting for " + facts.subject + " has ended", "Nothing was done for a while. " + yours],
  "session-idle": ["Your session has ended", "Nothing was done as yourself for a while, and acting for " + facts.subject + " ended with it. " + yours],
  session: ["Your session has ended", "Acting for " + facts.subject + " ended with it. " + yours],
  ended: ["Acting for " + facts.subject + " has ended", yours + " Nothing more is sent as " + facts.subject + "."],
  hidden: ["Paused: this page hid for whom you act", "The bar that says so could not be seen for five seconds, so the page is covered. You still act for " + facts.subject + "."],
};
let oldTitle = "";
function cover(why) {
  over = why;
  const story = stories[why] || stories.ended, hidden = why === "hidden";
  setText(part.title, story[0]);
  setText(part.why, story[1]);
  setText(part.next, hidden ? "Load the page again to go on, or end the session. If it happens again, tell whoever runs this application."
    : "What you typed here and did not save was not sent. Look at what has ended to be yourself again.");
  show(part.see, !hidden);
  show(part.again, hidden);
  show(parent(part.stop), hidden);
  setText(part.status, story[0]);
  oldTitle = titleOf(doc);
  setTitle(doc, story[0]);
  dress();
  hold();
  focus(part.title);
  if (!hidden) poll(true);
}
function uncover() {
  over = "";
  close(part.cover);
  setTitle(doc, oldTitle);
  setText(part.status, "");
  dress();
  settle();
}
// hold keeps the cover above whatever the page puts there. It tells whether it was there.
function hold() {
  const was = connected(host);
  settle();
  const is = matches(part.cover, ":modal");
  if (is && innerPointed(shadow, inside.width(win) / 2, 4) === part.cover) return was;
  if (is) close(part.cover);
  try { showModal(part.cover); } catch { /* in no document just now: at the next look */ }
  return false;
}
