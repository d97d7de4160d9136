// Reloads this page when the project changes; style sheets are swapped in place.
(() => {
  let note = null, delay = 500, lost = false, closing = false;
  const say = (text) => {
    if (!text) { note?.remove(); note = null; return; }
    note ??= document.body?.appendChild(Object.assign(document.createElement("div"), { role: "status" }));
    if (!note) return;
    note.style.cssText = "position:fixed;left:50%;bottom:16px;transform:translateX(-50%);z-index:2147483647;" +
      "padding:8px 14px;border-radius:8px;background:#1f2328;color:#fff;font:14px/1.4 system-ui,sans-serif";
    note.textContent = text;
  };
  const swap = (paths) => {
    for (const link of document.querySelectorAll("link[rel~=stylesheet][href]")) {
      const url = new URL(link.href);
      if (url.origin !== location.origin) continue;
      url.searchParams.set("firefly", Date.now());
      const next = link.cloneNode();
      next.href = url;
      next.onload = next.onerror = () => link.remove();
      link.after(next);
    }
  };
  const connect = () => {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/__firefly/live");
    socket.onopen = () => {
      delay = 500;
      if (lost) location.reload();
    };
    socket.onmessage = (event) => {
      const change = JSON.parse(event.data);
      if (change.kind === "styles") swap(change.paths); else location.reload();
    };
    socket.onclose = () => {
      if (closing) return;
      lost = true;
      say("Connection lost, trying again…");
      setTimeout(connect, delay);
      delay = Math.min(delay * 1.6, 5000);
    };
  };
  addEventListener("pagehide", () => { closing = true; });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  connect();
})();
