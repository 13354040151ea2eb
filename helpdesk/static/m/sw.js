// Offline: pages of /m and static files from the network first, else from what was seen last.
const CACHE = "ordercare-m-1";
const FILES = [
  "/static/css/tokens.css", "/static/css/base.css", "/static/css/components.css", "/static/css/mobile.css",
  "/static/js/theme.js", "/static/vendor/idb.js", "/static/vendor/signature_pad.js", "/static/vendor/lucide.svg",
  "/static/m/app.js", "/static/m/outbox.js", "/static/icon.svg",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const ours = url.origin === location.origin && (url.pathname.startsWith("/m") || url.pathname.startsWith("/static/"));
  if (event.request.method === "GET" && ours) event.respondWith(networkFirst(event.request));
});

async function networkFirst(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    // Wait for all of it: half an answer would put out what was seen before and leave nothing.
    const body = await answer.clone().blob();
    // A redirect to the sign-in page must not take the place of a visit's page.
    if (answer.ok && !answer.redirected) await cache.put(request, new Response(body, answer));
    return answer;
  } catch (error) {
    const seen = await cache.match(request, { ignoreVary: true });
    if (seen) return seen;
    throw error;
  }
}

// Signing out leaves nothing readable on a shared device.
self.addEventListener("message", (event) => {
  if (event.data === "forget") event.waitUntil(caches.delete(CACHE));
});
