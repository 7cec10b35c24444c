// What an agent's desktop embeds: a banner while its user is in an emergency call, and nothing on the screen that the call
// does not allow.
//
//   <button data-callbox="hold">Hold</button>
//   <script src="desktop.js"></script>
//   <script>
//     callboxDesktop({
//       events: "https://callbox.example/client/v1/events",
//       ticket: async () => (await fetch("/my-own-server/callbox-ticket")).text(),
//     });
//   </script>
//
// `ticket` asks the desktop's own server, which asks callbox with the organisation's company id and secret: these never
// come into a browser. What has `data-callbox` is hidden while its word is among those to hide. More, all optional:
// `banner`, the element to be shown; `text`, what it says of a call; `changed`, a function that is told the calls that go on
// whenever something happens; `notice`, one that is told each notice of a responder's desk.
"use strict";

function callboxDesktop(options) {
  const SHORTEST_MS = 1000;
  const LONGEST_MS = 30000;
  const KINDS = ["emergency", "callback", "test"];
  const STATES = ["started", "ringing", "answered", "ended"];

  const calls = new Map();
  const delivered = new Set();
  const text = options.text || ((call) =>
    (call.class === "callback" ? "The emergency service calls back" : "Emergency call in progress") +
    ", since " + new Date(call.since).toLocaleTimeString());
  let source = null;
  let heard = "";
  let pause = SHORTEST_MS;
  let timer = 0;
  let closed = false;

  const banner = options.banner || document.body.insertBefore(document.createElement("div"), document.body.firstChild);
  if (!options.banner) {
    banner.style.cssText = "background: #b00020; color: #fff; padding: .6em 1em; font: 600 1rem system-ui, sans-serif";
  }
  banner.setAttribute("role", "alert");
  banner.hidden = true;

  function show() {
    const shown = [...calls.values()].filter((call) => call.banner);
    banner.hidden = shown.length === 0;
    banner.textContent = shown.map(text).join(" · ");
    const hide = new Set(shown.flatMap((call) => (call.ui && call.ui.hide) || []));
    for (const element of document.querySelectorAll("[data-callbox]")) {
      element.hidden = hide.has(element.dataset.callbox);
    }
    if (options.changed) {
      options.changed([...calls.values()]);
    }
  }

  function follow(call) {
    if (call.state === "ended") {
      calls.delete(call.call);
    } else {
      calls.set(call.call, call);
    }
    show();
  }

  // A notice may come twice; its `delivery` is the same both times.
  function tell(notice) {
    if (!delivered.has(notice.delivery) && options.notice) {
      delivered.add(notice.delivery);
      options.notice(notice);
    }
  }

  function on(name, act) {
    source.addEventListener(name, (event) => {
      heard = event.lastEventId;
      pause = SHORTEST_MS;
      act(JSON.parse(event.data));
    });
  }

  async function listen() {
    try {
      const query = new URLSearchParams({ ticket: await options.ticket() });
      if (heard) {
        query.set("last_event_id", heard);
      }
      if (closed) {
        return;
      }
      source = new EventSource(options.events + "?" + query);
    } catch (error) {
      again();
      return;
    }
    source.onerror = again;
    // Everything that goes on; what is not in it is over.
    on("snapshot", (all) => {
      calls.clear();
      (all.calls || []).forEach((call) => calls.set(call.call, call));
      (all.notices || []).forEach(tell);
      show();
    });
    for (const kind of KINDS) {
      STATES.forEach((state) => on(kind + "." + state, follow));
    }
    on("feature_blocked", follow);
    on("notice", tell);
  }

  // A ticket serves once, so the browser cannot connect again by itself. What is shown stays until we know better.
  function again() {
    if (source) {
      source.close();
      source = null;
    }
    if (closed) {
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(listen, pause / 2 + Math.random() * pause / 2);
    pause = Math.min(pause * 2, LONGEST_MS);
  }

  listen();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      if (source) {
        source.close();
      }
      calls.clear();
      show();
    },
  };
}
