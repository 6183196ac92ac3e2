// Connects a component's page to the dashboard around it. Two lines make a component:
//
//   <script src="clm.js" data-component="my-hash"></script>   in <head>, before your own script
//   clm.ready();                                              in your script, once the page can be used
//
// From then on the dashboard gets a heartbeat every 3 s, and every error nobody caught.
// More, when you need it:
//
//   clm.event("cta_clicked", { place: "hero" })   something a person did; keep it small and free of personal data
//   clm.error(error)                              a failure you caught, but the dashboard should know of
//   clm.onState((state, slice) => ...)            the slice named by `redux_slice` in the registry: now, and on each change
//   clm.heartbeat.stop() / .start() / .running    rarely needed
//   clm.metrics(() => ({ peers: 7 }))             numbers that travel with each heartbeat
//   clm.embedded                                  false when the page was opened alone; then nothing is sent
//
// Keep your own script inside the page: the frame has no origin of its own, and a browser cuts the message of an
// error in a script file from elsewhere down to "Script error.".
(() => {
  "use strict";

  const HEARTBEAT_MS = 3000; // the dashboard counts a heartbeat as lost after 10 s
  const componentId = document.currentScript.dataset.component
    || location.pathname.split("/").pop().replace(/\.html$/, "");
  const dashboard = window.parent;
  const embedded = dashboard !== window;

  let ready = false;
  let timer = 0;
  let readMetrics = null;
  let lastUpdate = null;
  const stateListeners = [];

  // The frame cannot know the dashboard's origin, and nothing in a message is secret: hence "*".
  function post(type, fields) {
    if (!embedded) return;
    try {
      dashboard.postMessage({ type, componentId, ...fields }, "*");
    } catch (error) {
      // Data that cannot be copied, such as a function or an element. The error itself always can.
      dashboard.postMessage({ type: "clm_error", componentId, data: describe(error, "reported") }, "*");
    }
  }

  // What was thrown or rejected may be anything: an object without a prototype, one whose getters throw, an error of
  // another realm, a circle, something huge. To read it must neither throw again nor hold the page up.
  const TEXT = 1000; // characters; the dashboard keeps fewer
  const FIELDS = 20;
  const DEPTH = 3;
  const isObject = (value) => value !== null && (typeof value === "object" || typeof value === "function");
  const clip = (text) => (text.length > TEXT ? text.slice(0, TEXT) + "…" : text);

  function read(value, key) {
    try {
      return value[key];
    } catch {
      return undefined;
    }
  }

  // Like JSON, of the first few fields.
  function show(value, depth) {
    if (typeof value === "string") return JSON.stringify(clip(value));
    if (!isObject(value)) return clip(String(value));
    if (typeof value === "function") return "function";
    if (depth === 0) return "…";
    const isList = Array.isArray(value);
    const keys = isList ? [...Array(Math.min(value.length, FIELDS + 1)).keys()] : Object.keys(value);
    const parts = [];
    let length = 0;
    for (const key of keys.slice(0, FIELDS)) {
      const shown = show(read(value, key), depth - 1);
      parts.push(isList ? shown : `${JSON.stringify(clip(key))}:${shown}`);
      length += shown.length;
      if (length > TEXT) break;
    }
    if (parts.length < keys.length) parts.push("…");
    return isList ? `[${parts}]` : `{${parts}}`;
  }

  function messageOf(error) {
    if (error === null || error === undefined) return "unknown error";
    if (!isObject(error)) return clip(String(error));
    const [name, message] = [read(error, "name"), read(error, "message")];
    if (typeof message === "string" && (message || error instanceof Error)) {
      const code = ["code", "status"].map((key) => [key, read(error, key)])
        .find(([, value]) => typeof value === "number" || (typeof value === "string" && value));
      const text = typeof name === "string" && name ? `${name}: ${message}` : message;
      return clip(text) + (code ? ` (${code[0]} ${clip(String(code[1]))})` : "");
    }
    const shown = show(error, DEPTH);
    if (shown !== "{}") return clip(shown);
    // An answer or an event keeps all it has in its class.
    const kind = read(read(error, "constructor"), "name");
    const told = ["type", "status", "statusText"].filter((key) => ["string", "number"].includes(typeof read(error, key)))
      .map((key) => `${JSON.stringify(key)}:${show(read(error, key), 0)}`);
    return (typeof kind === "string" && kind !== "Object" ? clip(kind) + " " : "") + `{${told}}`;
  }

  function describe(error, kind) {
    let message = "an error that cannot be read";
    try {
      message = messageOf(error);
    } catch {
      // A proxy, for one, can refuse everything.
    }
    const stack = isObject(error) ? read(error, "stack") : undefined;
    return { error: message, stack: typeof stack === "string" ? stack.slice(0, 10 * TEXT) : undefined, kind };
  }

  function beat() {
    const fields = { timestamp: Date.now() };
    if (readMetrics) fields.metrics = readMetrics();
    post("clm_heartbeat", fields);
  }

  const heartbeat = Object.freeze({
    get running() { return timer !== 0; },
    start() {
      if (timer) return;
      timer = setInterval(beat, HEARTBEAT_MS);
      beat();
    },
    stop() {
      clearInterval(timer);
      timer = 0;
    },
  });

  window.addEventListener("error", (event) => {
    post("clm_error", { data: describe(event.error ?? event.message, "exception") });
  });
  window.addEventListener("unhandledrejection", (event) => {
    post("clm_error", { data: describe(event.reason, "unhandled_rejection") });
  });

  window.addEventListener("message", ({ source, data }) => {
    if (!embedded || source !== dashboard || data === null || typeof data !== "object") return;
    if (data.type === "redux_state_update") {
      lastUpdate = data;
      for (const listener of stateListeners) listener(data.state, data.slice);
    } else if (data.type === "clm_theme" && (data.theme === "light" || data.theme === "dark")) {
      document.documentElement.dataset.theme = data.theme;
    }
  });

  window.clm = Object.freeze({
    componentId,
    embedded,
    heartbeat,
    ready() {
      if (ready) return;
      ready = true;
      post("clm_component_loaded");
      heartbeat.start();
    },
    event(name, data = {}) { post("clm_event", { event: name, data }); },
    error(error) { post("clm_error", { data: describe(error, "reported") }); },
    metrics(read) { readMetrics = read; },
    onState(listener) {
      stateListeners.push(listener);
      if (lastUpdate) listener(lastUpdate.state, lastUpdate.slice);
      else post("request_redux_state");
    },
  });
})();
