/** Copies HTML that the kernel has already cleaned, tag by tag from a short list: a second fence, never trusted alone. */

const TAGS = new Set(("a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s "
  + "samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var").split(" "));
const DROPPED = new Set(["script", "style", "template", "iframe", "object", "embed", "noscript", "svg", "math", "link", "meta", "head", "title",
  "textarea", "select", "xmp", "noembed", "noframes", "plaintext"]);
const LEVELS = { h1: "h5", h2: "h5", h3: "h6", h4: "h6", h5: "h6", h6: "h6" };
/** @type {Record<string, string[]>} */
const ATTRIBUTES = {
  "*": ["title", "dir", "lang"], a: ["href"], td: ["colspan", "rowspan", "align"], th: ["colspan", "rowspan", "align", "scope"],
  ol: ["start", "reversed"], li: ["value"], details: ["open"], img: ["src", "alt", "width", "height"],
};
const DEEPEST = 60;

/** The address if it may be followed, else nothing. @param {string} href */
export const safeHref = (href) => {
  const tight = href.replace(/[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028-\u202e\ufeff]/g, "");
  return /^(https?:\/\/|mailto:)/i.test(tight) ? tight : "";
};

/** @param {Element} from @param {HTMLElement} to */
const copyAttributes = (from, to) => {
  const tag = from.localName;
  for (const name of [...ATTRIBUTES["*"], ...(ATTRIBUTES[tag] || [])]) {
    const value = from.getAttribute(name);
    if (value === null) continue;
    if (name === "href") {
      const href = safeHref(value);
      if (!href) continue;
      to.setAttribute("href", href);
      to.setAttribute("target", "_blank");
      to.setAttribute("rel", "noopener noreferrer nofollow");
    } else if (name === "src") {
      if (/^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=\s]*$/i.test(value)) to.setAttribute("src", value);
    } else if (name === "colspan" || name === "rowspan" || name === "width" || name === "height" || name === "start" || name === "value") {
      if (/^\d{1,4}$/.test(value)) to.setAttribute(name, value);
    } else if (name === "align") {
      if (/^(left|right|center)$/.test(value)) to.setAttribute("align", value);
    } else to.setAttribute(name, value.slice(0, 400));
  }
};

/** @param {Node} from @param {Node} to @param {number} depth */
const copy = (from, to, depth) => {
  for (const child of Array.from(from.childNodes)) {
    if (child.nodeType === 3) to.appendChild(document.createTextNode(child.nodeValue || ""));
    if (child.nodeType !== 1) continue;
    const tag = /** @type {Element} */ (child).localName;
    if (DROPPED.has(tag)) continue;
    if (depth > DEEPEST || !TAGS.has(tag)) {
      copy(child, to, depth + 1);
      continue;
    }
    const made = document.createElement(/** @type {any} */ (LEVELS)[tag] || tag);
    copyAttributes(/** @type {Element} */ (child), made);
    copy(child, made, depth + 1);
    if (tag === "img" && !made.getAttribute("src")) continue;
    to.appendChild(made);
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
  for (const table of out.querySelectorAll("table")) table.setAttribute("class", "tbl");
  return out;
};
