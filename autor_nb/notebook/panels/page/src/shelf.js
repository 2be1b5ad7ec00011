/** Unsent text, kept in the browser by run, stage, attempt and field; works without a browser that allows it. */

/**
 * @param {() => Storage} [storage] where it is kept; asking for it may throw
 */
export const makeShelf = (storage = () => window.localStorage) => {
  /** @type {Map<string, string>} what this view holds even if the browser keeps nothing */
  const held = new Map();
  let works = true;

  /** @param {(s: Storage) => any} act */
  function attempt(act) {
    try {
      return act(storage());
    } catch {
      works = false;
      return undefined;
    }
  }

  return {
    /** Whether the browser took the last text. */
    get works() {
      return works;
    },
    /** @param {string} key @returns {string} */
    get(key) {
      if (!held.has(key)) held.set(key, attempt((s) => s.getItem(key)) || "");
      return held.get(key) || "";
    },
    /** @param {string} key @param {string} text */
    set(key, text) {
      held.set(key, text);
      works = true;
      attempt((s) => (text ? s.setItem(key, text) : s.removeItem(key)));
    },
    /** @param {string} key */
    drop(key) {
      this.set(key, "");
    },
    /** How many characters of unsent text begin with this key. @param {string} prefix */
    unsent(prefix) {
      let n = 0;
      for (const [key, text] of held) if (key.startsWith(prefix) && !key.endsWith(":base")) n += text.length;
      return n;
    },
  };
};
