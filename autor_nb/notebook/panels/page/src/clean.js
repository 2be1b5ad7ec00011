/** Copies HTML that the kernel has already cleaned, tag by tag from a short list: a second fence, never trusted alone. */

const TAGS = new Set(("a b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre q s "
  + "small span strong sub summary sup table tbody td tfoot th thead tr u ul").split(" "));
const DROPPED = /^(script|style|template|iframe|object|noscript|svg|math|title|textarea|select|xmp|noembed|noframes|plaintext)$/;
const LEVELS = { h1: "h5", h2: "h5", h3: "h6", h4: "h6", h5: "h6", h6: "h6" };
const NUMBER = /^\d{1,4}$/;
const ANY = /^[^]{0,400}$/;
/** What each attribute may say, on which tags. @type {Record<string, [string, RegExp]>} */
const ATTRIBUTES = {
  title: ["", ANY], dir: ["", /^(ltr|rtl|auto)$/], lang: ["", ANY], alt: ["img", ANY], scope: ["th", /^(col|row)$/], open: ["details", ANY], align: ["td th", /^(left|right|center)$/],
  colspan: ["td th", NUMBER], rowspan: ["td th", NUMBER], start: ["ol", NUMBER], value: ["li", NUMBER], width: ["img", NUMBER], height: ["img", NUMBER],
  src: ["img", /^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=\s]*$/i],
};
const DEEPEST = 60;

/** The address if it may be followed, else nothing. @param {string} href */
export const safeHref = (href) => {
  const tight = href.trim();
  return /^(https?:\/\/|mailto:)/i.test(tight) ? tight : "";
};

/** @param {Element} from @param {HTMLElement} to */
const copyAttributes = (from, to) => {
  for (const name in ATTRIBUTES) {
    const [tags, pattern] = ATTRIBUTES[name];
    const value = from.getAttribute(name);
    if (value !== null && (!tags || tags.split(" ").includes(from.localName)) && pattern.test(value)) to.setAttribute(name, value);
  }
  const href = from.localName === "a" && safeHref(from.getAttribute("href") || "");
  if (href) Object.assign(to, { href, target: "_blank", rel: "noopener noreferrer nofollow" });
};

/** @param {any} from @param {any} to @param {number} depth */
const copy = (from, to, depth) => {
  for (const child of Array.from(from.childNodes)) {
    if (child.nodeType === 3) to.append(child.nodeValue || "");
    if (child.nodeType !== 1) continue;
    const tag = /** @type {Element} */ (child).localName;
    if (DROPPED.test(tag)) continue;
    if (depth > DEEPEST || !TAGS.has(tag)) {
      copy(child, to, depth + 1);
      continue;
    }
    const made = document.createElement(/** @type {any} */ (LEVELS)[tag] || tag);
    copyAttributes(/** @type {Element} */ (child), made);
    copy(child, made, depth + 1);
    if (tag === "img" && !made.getAttribute("src")) continue;
    to.append(made);
  }
};

/**
 * A fragment of what may be shown.
 * @param {string} html @returns {DocumentFragment}
 */
export const cleaned = (html) => {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const out = document.createDocumentFragment();
  if (parsed.body) copy(parsed.body, out, 0);
  for (const table of out.querySelectorAll("table")) {
    table.className = "tbl";
    table.tabIndex = 0; // in a narrow panel it scrolls
    const rows = [...table.querySelectorAll("tr")].map((row) => [...row.children]);
    // columns of words stand left, columns of numbers right
    rows[0]?.forEach((_, i) => rows.some((row, n) => n && /[a-z]{3}/i.test(row[i]?.textContent || "")) && rows.forEach((row) => row[i]?.classList.add("l")));
  }
  return out;
};
