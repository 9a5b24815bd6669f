// What the page remembers. Where a browser lets a framed page keep nothing, it is remembered until the page is closed.

function storage(name) {
  try {
    return globalThis[name];
  } catch {
    const kept = new Map();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, String(value)),
      removeItem: (key) => kept.delete(key),
      clear: () => kept.clear(),
    };
  }
}

/** For this tab and this shopper only: the next one at this device must not find it. */
export const tab = storage("sessionStorage");

/** For this browser: nothing of the shopper but the language. */
export const browser = storage("localStorage");
