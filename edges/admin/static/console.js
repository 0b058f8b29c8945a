"use strict";
// Puts what the server rendered into the page, part by part, so that focus, selection and folded parts stay as they are.
(() => {
  const live = document.getElementById("live");
  const note = document.getElementById("connection");
  let pauseMs = 500;

  const keys = (root) => Array.from(root.querySelectorAll("[data-key]"), (part) => part.dataset.key);

  const show = (html) => {
    const next = document.createElement("template");
    next.innerHTML = html;
    const parts = next.content;
    if (keys(parts).join() !== keys(live).join()) {
      live.replaceChildren(parts);
      return;
    }
    const fresh = parts.querySelectorAll("[data-key]");
    live.querySelectorAll("[data-key]").forEach((part, index) => {
      if (part.innerHTML !== fresh[index].innerHTML) part.innerHTML = fresh[index].innerHTML;
    });
  };

  const say = (state, text) => {
    note.dataset.state = state;
    if (note.textContent !== text) note.textContent = text;
  };

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/status`);
    socket.onmessage = (message) => { pauseMs = 500; say("live", "live"); show(message.data); };
    socket.onclose = () => {
      say("lost", "connection lost, trying again");
      // A session that has ended is told by any answer of the API; the page then leads to the login.
      fetch("/api/v1/me").then((answer) => { if (answer.status === 401) location.reload(); }, () => {});
      setTimeout(connect, pauseMs);
      pauseMs = Math.min(pauseMs * 2, 8000);
    };
  };
  connect();
})();
